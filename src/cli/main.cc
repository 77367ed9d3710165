#include <cstdlib>

#include "cli/app.h"

int main(int argc, char** argv) {
  // Arrow's own allocator held a third more memory than the C library's, at the same speed.
  setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 0);  // before any other thread
  return pregao::cli::Main(argc, argv);
}
