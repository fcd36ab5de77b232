// SPDX-License-Identifier: Apache-2.0
// limit-guard MODE: takes the descriptors away from the guard (the parent), which it needs to find what it has to kill.
#include "attack.h"
#include <sys/resource.h>

int main(int argc, char **argv) {
  if (!attacking(argc, argv)) return 0;
  struct rlimit none = {0, 0};
  long result = syscall(SYS_prlimit64, getppid(), RLIMIT_NOFILE, &none, 0);
  note("prlimit of the parent", result);
  if (result == 0) harm("limits of the guard were changed");
  return 0;
}
