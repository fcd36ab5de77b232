// SPDX-License-Identifier: Apache-2.0
// Events that happen for the first time, beside a pipe ping-pong with a child in the same run; they take turns.
// Usage: first make DIRECTORY COUNT: makes the files.
//        first DIRECTORY COUNT WARMUP: looks at each file, opens each twice, and each time a file that is also open for
//        writing; prints JSON, in ns, without the first WARMUP of each; waits for a line on stdin.
#define _GNU_SOURCE
#include "measure.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

static int to_child[2], from_child[2];
static char path[PATH_BYTES], written[PATH_BYTES];

static const char *file_of(const char *directory, int number) {
  if (snprintf(path, sizeof path, "%s/first-%d", directory, number) >= (int)sizeof path) die(directory);
  return path;
}

static int make(const char *directory, int count) {
  if (mkdir(directory, 0755) != 0) die(directory);
  for (int i = 0; i <= count; i++) {
    int fd = open(file_of(directory, i), O_WRONLY | O_CREAT, 0644);
    if (fd < 0 || write(fd, path, strlen(path)) < 0 || close(fd) != 0) die(path);
  }
  return 0;
}

static void start_echo(void) {
  char byte;
  if (pipe(to_child) != 0 || pipe(from_child) != 0) die("pipe");
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid > 0) {
    close(to_child[0]);
    close(from_child[1]);
    return;
  }
  close(to_child[1]);
  close(from_child[0]);
  while (read(to_child[0], &byte, 1) == 1)
    if (write(from_child[1], &byte, 1) != 1) break;
  _exit(0);
}

static long long ping(void) {
  char byte = 'x';
  long long start = now_ns();
  if (write(to_child[1], &byte, 1) != 1 || read(from_child[0], &byte, 1) != 1) die("ping");
  return now_ns() - start;
}

static long long look(void) {
  struct stat facts;
  long long start = now_ns();
  if (stat(path, &facts) != 0) die(path);
  return now_ns() - start;
}

static long long open_once(const char *file) {
  long long start = now_ns();
  int fd = open(file, O_RDONLY);
  long long took = now_ns() - start;
  if (fd < 0 || close(fd) != 0) die(file);
  return took;
}

static long long open_it(void) { return open_once(path); }
// Nobody can know that its content is still the same, so this is asked about each time.
static long long open_written(void) { return open_once(written); }

static struct {
  const char *name;
  long long (*once)(void);
  long long *samples;
} cases[] = {
    {"pipe", ping, NULL},      {"stat", look, NULL},
    {"open", open_it, NULL},   {"again", open_it, NULL},
    {"written", open_written, NULL},
};
enum { CASES = sizeof cases / sizeof cases[0] };

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "make") == 0) return make(argv[2], atoi(argv[3]));
  if (argc != 4) return 98;
  int count = atoi(argv[2]), warm_up = atoi(argv[3]);
  if (warm_up >= count) return 98;
  for (int c = 0; c < CASES; c++)
    if ((cases[c].samples = calloc(count, sizeof(long long))) == NULL) die("calloc");
  start_echo();
  strcpy(written, file_of(argv[1], count));
  if (open(written, O_WRONLY) < 0) die(written);
  for (int i = 0; i < count; i++) {
    file_of(argv[1], i);
    for (int c = 0; c < CASES; c++) cases[c].samples[i] = cases[c].once();
  }
  for (int c = 0; c < CASES; c++) {
    printf("%s\"%s\":", c == 0 ? "{" : ",", cases[c].name);
    print_summary(cases[c].samples + warm_up, count - warm_up);
  }
  printf("}\n");
  fflush(stdout);
  return getchar() == '\n' ? 0 : 97;
}
