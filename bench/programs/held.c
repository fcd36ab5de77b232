// SPDX-License-Identifier: Apache-2.0
// What one held call costs, beside a pipe ping-pong with a child in the same process and run. The cases take turns in
// blocks, so that a busy moment of the machine hits all of them. Usage: held DIRECTORY SAMPLES WARMUP GAP [CASE...]
// Between two samples the program computes for GAP us: long enough, and the other side's CPU falls asleep.
// The directory holds "file" and "fifo", nothing named "none". Only the call itself is timed. Prints JSON.
#define _GNU_SOURCE
#include "measure.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCKS = 20, DISCARD_PORT = 9 };

static int gap_us;
static int to_child[2], from_child[2];
static char file_path[4096], fifo_path[4096], none_path[4096];
static struct sockaddr_un unix_address;
static int unix_socket;
static char *const true_argv[] = {"/bin/true", NULL};

static void expect(int holds, const char *what) {
  if (!holds) die(what);
}

static void start_echo(void) {
  char byte;
  expect(pipe(to_child) == 0 && pipe(from_child) == 0, "pipe");
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
  expect(write(to_child[1], &byte, 1) == 1 && read(from_child[0], &byte, 1) == 1, "ping");
  return now_ns() - start;
}

static long long open_once(const char *path, int flags, int error) {
  long long start = now_ns();
  int fd = open(path, flags);
  long long took = now_ns() - start;
  if (error == 0 ? fd < 0 : fd >= 0 || errno != error) die(path);
  if (fd >= 0) close(fd);
  return took;
}

static long long open_file(void) { return open_once(file_path, O_RDONLY, 0); }
static long long open_relative(void) { return open_once("file", O_RDONLY, 0); }
static long long open_fifo(void) { return open_once(fifo_path, O_RDONLY | O_NONBLOCK, 0); }
static long long open_none(void) { return open_once(none_path, O_RDONLY, ENOENT); }

static long long connect_unix(void) {
  long long start = now_ns();
  int result = connect(unix_socket, (struct sockaddr *)&unix_address, sizeof unix_address);
  long long took = now_ns() - start;
  expect(result < 0 && errno == ENOENT, "connect (unix)");
  return took;
}

static long long connect_tcp(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(DISCARD_PORT)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  expect(fd >= 0, "socket");
  long long start = now_ns();
  int result = connect(fd, (struct sockaddr *)&address, sizeof address);
  long long took = now_ns() - start;
  expect(result < 0 && (errno == ECONNREFUSED || errno == EINPROGRESS), "connect (tcp)");
  close(fd);
  return took;
}

static long long exec_true(void) {
  int status;
  long long start = now_ns();
  pid_t pid = vfork();
  if (pid == 0) {
    execv(true_argv[0], true_argv);
    _exit(127);
  }
  expect(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "vfork and exec");
  return now_ns() - start;
}

// A long-running call is sampled less often: `every` in how many.
static struct {
  const char *name;
  long long (*once)(void);
  int every;
  int count;
  long long *samples;
} cases[] = {
    {"pipe", ping, 1, 0, NULL},          {"open", open_file, 1, 0, NULL},
    {"relative", open_relative, 1, 0, NULL}, {"fifo", open_fifo, 1, 0, NULL},
    {"none", open_none, 1, 0, NULL},     {"unix", connect_unix, 1, 0, NULL},
    {"tcp", connect_tcp, 1, 0, NULL},    {"exec", exec_true, 20, 0, NULL},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static int wanted(const char *name, int argc, char **argv) {
  if (argc <= 5 || strcmp(name, "pipe") == 0) return 1;
  for (int i = 5; i < argc; i++)
    if (strcmp(argv[i], name) == 0) return 1;
  return 0;
}

static void set_up(const char *directory) {
  snprintf(file_path, sizeof file_path, "%s/file", directory);
  snprintf(fifo_path, sizeof fifo_path, "%s/fifo", directory);
  snprintf(none_path, sizeof none_path, "%s/none", directory);
  unix_address.sun_family = AF_UNIX;
  expect(strlen(none_path) < sizeof unix_address.sun_path, "directory name too long");
  strcpy(unix_address.sun_path, none_path);
  expect(chdir(directory) == 0, directory);
  start_echo();
  unix_socket = socket(AF_UNIX, SOCK_STREAM, 0);
  expect(unix_socket >= 0, "socket");
}

static void compute(void) {
  long long until = now_ns() + gap_us * 1000LL;
  while (gap_us > 0 && now_ns() < until) continue;
}

static void run_block(int c, int samples, int keep) {
  for (int i = 0; i < samples; i++) {
    compute();
    long long took = cases[c].once();
    if (keep) cases[c].samples[cases[c].count++] = took;
  }
}

int main(int argc, char **argv) {
  if (argc < 5) return 98;
  int samples = atoi(argv[2]), warmup = atoi(argv[3]);
  gap_us = atoi(argv[4]);
  set_up(argv[1]);
  for (int block = -1; block < BLOCKS; block++)
    for (int c = 0; c < CASES; c++) {
      if (!wanted(cases[c].name, argc, argv)) continue;
      if (block < 0) {
        cases[c].samples = calloc(samples + BLOCKS, sizeof(long long));
        if (cases[c].samples == NULL) die("calloc");
        run_block(c, 1 + warmup / cases[c].every, 0);
      } else {
        run_block(c, 1 + samples / BLOCKS / cases[c].every, 1);
      }
    }
  printf("{");
  for (int c = 0, first = 1; c < CASES; c++) {
    if (cases[c].count == 0) continue;
    printf("%s\"%s\":", first ? "" : ",", cases[c].name);
    print_summary(cases[c].samples, cases[c].count);
    first = 0;
  }
  printf("}\n");
  return 0;
}
