// SPDX-License-Identifier: Apache-2.0
// flip WAY A B PAUSE: changes the world without end, outside of any workload.
//   exchange  the files A and B change names
//   link      the symbolic link "link" leads to A, then to B
#include "attack.h"
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  printf("ready\n");
  fflush(stdout);
  for (int turn = 0;; turn++) {
    if (strcmp(argv[1], "exchange") == 0) {
      renameat2(AT_FDCWD, argv[2], AT_FDCWD, argv[3], RENAME_EXCHANGE);
    } else {
      unlink("link.new");
      if (symlink(argv[2 + turn % 2], "link.new") == 0) rename("link.new", "link");
    }
    usleep((unsigned)atoi(argv[4]));
  }
}
