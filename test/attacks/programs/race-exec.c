// SPDX-License-Identifier: Apache-2.0
// race-exec MODE PROGRAM TRIES HELPERS: execs PROGRAM again and again while somebody outside exchanges the file behind
// the path. With HELPERS, threads of the process that execs make events all the time, so that the sensor hears of the
// process between its decision and the end of the exec.
#include "attack.h"

static const char *program;
static int helpers;

static void *busy(void *unused) {
  (void)unused;
  for (;;) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) close(fd);
  }
  return 0;
}

static int once(void *unused) {
  (void)unused;
  for (int i = 0; i < helpers; i++) {
    pthread_t thread;
    pthread_create(&thread, 0, busy, 0);
  }
  char *const arguments[] = {(char *)program, 0};
  execv(program, arguments);
  _exit(errno == EPERM ? 77 : 78);
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  program = argv[2];
  helpers = atoi(argv[4]);
  int tries = atoi(argv[3]), refused = 0;
  for (int i = 0; i < tries; i++)
    if (ended(child(once, 0)) == 77) refused++;
  note("refused", refused);
  return 0;
}
