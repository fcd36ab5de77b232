// SPDX-License-Identifier: Apache-2.0
// fifo-race MODE FIFO TRIES: opens a FIFO, which only the process itself can do, while somebody outside exchanges it for a
// file. Reports what it has got without making another event before.
#include "attack.h"

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  int wrong = 0;
  for (int i = 0; i < (attacking(argc, argv) ? atoi(argv[3]) : 1); i++) {
    pid_t pid = fork();
    if (pid == 0) {
      struct stat stat;
      int fd = open(argv[2], O_RDONLY | O_NONBLOCK);
      int regular = fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode);
      if (regular) {
        static const char got[] = "got the file\n";
        (void)!write(1, got, sizeof got - 1);
        open("/dev/null", O_RDONLY); // an event: here it has to be noticed
        harm("nobody noticed that it was the file");
      }
      _exit(regular);
    }
    wrong += ended(pid) == 1;
  }
  note("wrong", wrong);
  return 0;
}
