#include "cli/app.h"

int main(int argc, char** argv) { return pregao::cli::Main(argc, argv); }
