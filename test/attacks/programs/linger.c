// SPDX-License-Identifier: Apache-2.0
// linger MODE COUNT: COUNT processes, half of them daemons of sessions of their own (forked twice), that all stay. Says "ready" when
// all are there. "attack" then opens what was not learned.
#include "attack.h"

static void stay(int report) {
  (void)!write(report, "x", 1);
  for (;;) pause();
}

static int start_one(void *context) {
  int report = ((int *)context)[0], daemon = ((int *)context)[1];
  if (!daemon) stay(report);
  setsid();
  if (fork() == 0) {
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    stay(report);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int count = atoi(argv[2]), ends[2];
  if (pipe(ends) != 0) return 3;
  for (int i = 0; i < count; i++) {
    int context[] = {ends[1], i % 2};
    pid_t pid = child(start_one, context);
    if (context[1]) ended(pid);
  }
  char byte;
  for (int i = 0; i < count; i++)
    if (read(ends[0], &byte, 1) != 1) return 4;
  printf("ready\n");
  fflush(stdout);
  if (argc > 3) {
    int fd = open(argv[3], O_RDONLY);
    note("open", fd);
    show(fd);
  }
  if (attacking(argc, argv)) pause();
  kill(0, 0);
  return 0;
}
