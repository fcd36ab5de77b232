// SPDX-License-Identifier: Apache-2.0
// race-fd MODE CALL ALLOWED FORBIDDEN TRIES: while a call on a descriptor is being decided, another process with the same table
// of descriptors puts another file behind its number.
//   fchmod  makes ALLOWED readable for everybody
#include "attack.h"

static int allowed, forbidden, behind, slot;
static const char *way;

// until the one that it helps is gone, which may be too untrusted to kill it
static int swap(void *unused) {
  (void)unused;
  for (pid_t helped = getppid(); getppid() == helped;) {
    dup2(behind, slot);
    for (volatile int i = 0; i < 300; i++);
    dup2(allowed, slot);
    for (volatile int i = 0; i < 600; i++);
  }
  return 0;
}

static int once(void *tries) {
  static char stack[65536];
  fflush(stdout);
  pid_t writer = clone(swap, stack + sizeof stack, CLONE_FILES | SIGCHLD, 0);
  int left = *(int *)tries;
  while (left-- > 0 && fchmod(slot, 0644) == 0);
  kill(writer, SIGKILL);
  return left > 0;
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  way = argv[2];
  allowed = open(argv[3], O_RDONLY);
  forbidden = open(argv[4], O_RDONLY);
  // while it is learned nothing is swapped: it might win
  behind = attacking(argc, argv) ? forbidden : allowed;
  slot = dup(allowed);
  if (allowed < 0 || forbidden < 0) return 3;
  int tries = attacking(argc, argv) ? 50 : 1, refused = 0;
  for (int i = 0; i < (attacking(argc, argv) ? atoi(argv[5]) / 50 : 1); i++) {
    struct stat stat;
    refused += ended(child(once, &tries));
    if (fstat(forbidden, &stat) == 0 && (stat.st_mode & 077)) {
      harm("the mode of the other file was changed");
      break;
    }
  }
  note("refused", refused);
  return 0;
}
