// SPDX-License-Identifier: Apache-2.0
// A small workload that goes on until SIGTERM, or for so many rounds: looping PAUSE_MS WARM_UP_S FILE [ROUNDS]. In each round it opens the
// file twice, and in each tenth it runs /bin/true; between rounds it sleeps. At the end it prints how long opens and programs took after
// the warm-up (ns).
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "measure.h"

enum { MOST = 100000, OPENS = 2, ROUNDS_A_PROGRAM = 10 };

static volatile sig_atomic_t over;
static long long opens[MOST], programs[MOST];

static void end(int signal) {
  (void)signal;
  over = 1;
}

static void open_once(const char *file) {
  int fd;
  // a call that is held ends with EINTR where a signal comes in between
  while ((fd = open(file, O_RDONLY)) < 0)
    if (errno != EINTR) die(file);
  close(fd);
}

static void run_once(void) {
  pid_t child = vfork();
  if (child == 0) {
    execl("/bin/true", "true", (char *)0);
    _exit(127);
  }
  int status;
  while (waitpid(child, &status, 0) < 0)
    ;
  if (status != 0) exit(98);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  long most = argc > 4 ? atol(argv[4]) : 0;
  long pause_us = atol(argv[1]) * 1000;
  long long from = now_ns() + atoll(argv[2]) * 1000000000LL;
  struct sigaction on_end = {.sa_handler = end};
  sigaction(SIGTERM, &on_end, 0);
  int opened = 0, ran = 0;
  for (long round = 0; !over && (most == 0 || round < most); round++) {
    for (int each = 0; each < OPENS; each++) {
      long long begin = now_ns();
      open_once(argv[3]);
      if (begin >= from && opened < MOST) opens[opened++] = now_ns() - begin;
    }
    if (round % ROUNDS_A_PROGRAM == 0) {
      long long begin = now_ns();
      run_once();
      if (begin >= from && ran < MOST) programs[ran++] = now_ns() - begin;
    }
    usleep(pause_us);
  }
  if (opened == 0 || ran == 0) return 3;
  printf("{\"open\":");
  print_summary(opens, opened);
  printf(",\"program\":");
  print_summary(programs, ran);
  printf("}\n");
  return 0;
}
