// SPDX-License-Identifier: Apache-2.0
// signal-by-fcntl MODE PID SIGNAL: the owner of a descriptor gets a signal of the attacker's choice when it becomes ready.
#include "attack.h"

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) return 3;
  if (!attacking(argc, argv)) return 0;
  pid_t target = atoi(argv[2]) > 0 ? atoi(argv[2]) : getppid();
  note("F_SETOWN", fcntl(pipe_ends[0], F_SETOWN, target));
  note("F_SETSIG", fcntl(pipe_ends[0], F_SETSIG, atoi(argv[3])));
  note("O_ASYNC", fcntl(pipe_ends[0], F_SETFL, O_ASYNC));
  note("write", write(pipe_ends[1], "x", 1));
  usleep(300000);
  if (kill(target, 0) != 0 && errno == ESRCH) harm("the target is gone");
  note("still here", 0);
  return 0;
}
