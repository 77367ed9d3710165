#include <cstdlib>

#include "cli/app.h"

int main(int argc, char** argv) {
  // Arrow's own allocators hold half as much memory again as the C library's, at the same speed (make bench).
  setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 0);  // before any other thread
  return pregao::cli::Main(argc, argv);
}
