// SPDX-License-Identifier: Apache-2.0
// Opens the files f0, f1, ... of a directory one after the other, again and again, until SIGTERM or for so many rounds:
// many-open DIRECTORY COUNT PAUSE_US [ROUNDS]. How long each open took is sampled into one of three windows; SIGUSR1 takes the
// next window, after the last one the first. The first round is in none. At the end it prints a list of three summaries (ns).
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include "measure.h"

enum { MOST = 400000, WINDOWS = 3 };

static volatile sig_atomic_t over, window;
static long long samples[WINDOWS][MOST];

static void end(int signal) {
  (void)signal;
  over = 1;
}

static void change(int signal) {
  (void)signal;
  window = (window + 1) % WINDOWS;
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  int count = atoi(argv[2]);
  int pause_us = atoi(argv[3]);
  long most = argc > 4 ? atol(argv[4]) : 0;
  struct sigaction on_end = {.sa_handler = end};
  struct sigaction on_change = {.sa_handler = change, .sa_flags = SA_RESTART};
  sigaction(SIGTERM, &on_end, 0);
  sigaction(SIGUSR1, &on_change, 0);
  int found[WINDOWS] = {0};
  char path[4096];
  for (long round = 0; !over && (most == 0 || round < most); round++) {
    for (int i = 0; i < count && !over; i++) {
      snprintf(path, sizeof path, "%s/f%d", argv[1], i);
      int before = window;
      long long begin = now_ns();
      int fd;
      while ((fd = open(path, O_RDONLY)) < 0)
        if (errno != EINTR) die(path);
      long long took = now_ns() - begin;
      close(fd);
      // one that was between the windows belongs to none
      if (round > 0 && before == window && found[before] < MOST) samples[before][found[before]++] = took;
      if (round > 0 && pause_us > 0) usleep(pause_us);
    }
  }
  for (int w = 0; w < WINDOWS; w++) {
    printf(w == 0 ? "[" : ",");
    if (found[w] == 0) printf("null");
    else print_summary(samples[w], found[w]);
  }
  printf("]\n");
  return 0;
}
