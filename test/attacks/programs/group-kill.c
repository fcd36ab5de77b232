// SPDX-License-Identifier: Apache-2.0
// group-kill MODE REPORT: the model allows the program to kill a child of its own kind. It kills its whole process group, where
// Galgo and the guard are, while a child of another session goes on and writes into REPORT that it is alive and free.
#include "attack.h"

static int victim(void *unused) {
  (void)unused;
  pause();
  return 0;
}

static int survivor(void *context) {
  int report = *(int *)context;
  setsid();
  for (int i = 0; i < 40; i++) {
    if (write(report, ".", 1) != 1) return 1;
    usleep(50000);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int report = open(argv[2], O_WRONLY);
  pid_t pid = child(victim, 0);
  kill(pid, SIGKILL);
  ended(pid);
  if (!attacking(argc, argv)) return 0;
  child(survivor, &report);
  usleep(100000);
  note("kill of the group", kill(0, SIGKILL));
  return 0;
}
