// SPDX-License-Identifier: Apache-2.0
// Repeats one event. Usage: known FILE TIMES. Opens FILE until that must be known, says "ready", waits for a line on stdin,
// opens and closes it TIMES times, says "done" and the ns that it took, and waits for another line. Nothing else in between is an event.
#define _GNU_SOURCE
#include "measure.h"
#include <fcntl.h>
#include <unistd.h>

enum { WARM_UP = 100 };

static void repeat(const char *path, long times) {
  for (long i = 0; i < times; i++) {
    int fd = open(path, O_RDONLY);
    if (fd < 0 || close(fd) != 0) die(path);
  }
}

static void say_and_wait(const char *word, long long ns) {
  char text[64], byte = 0;
  int length = snprintf(text, sizeof text, "%s %lld\n", word, ns);
  if (write(STDOUT_FILENO, text, length) != length) die("stdout");
  while (byte != '\n')
    if (read(STDIN_FILENO, &byte, 1) != 1) die("stdin");
}

int main(int argc, char **argv) {
  if (argc != 3) return 98;
  repeat(argv[1], WARM_UP);
  say_and_wait("ready", 0);
  long long from = now_ns();
  repeat(argv[1], atol(argv[2]));
  say_and_wait("done", now_ns() - from);
  return 0;
}
