// SPDX-License-Identifier: Apache-2.0
// A workload of N processes that one of them gets killed: plain children, children in sessions of their own, double
// forked orphans. Usage: spawn100 FIFO PATH BUSYPATH N BUSY
// All of them hold the FIFO open for writing; its reader sees the end of file when the last one is gone. They write
// {pid, 0}, wait for a byte that only comes when nothing happened to them, and BUSY of them open BUSYPATH all the
// time. When all are there the first process writes {0, time} and opens PATH; if it still lives it ends the others.
#define _GNU_SOURCE
#include "measure.h"
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

struct message {
  int64_t pid, ns;
};

static int fifo, ready[2], stop[2];
static const char *busy_path;

static void tell(int64_t pid, int64_t ns) {
  struct message m = {pid, ns};
  if (write(fifo, &m, sizeof m) != sizeof m) die("fifo");
}

static void stay(int busy) {
  char byte = 'r';
  tell(getpid(), 0);
  if (write(ready[1], &byte, 1) != 1) die("ready");
  struct pollfd stopped = {.fd = stop[0], .events = POLLIN};
  while (busy && poll(&stopped, 1, 0) == 0) {
    int fd = open(busy_path, O_RDONLY);
    if (fd >= 0) close(fd);
  }
  if (read(stop[0], &byte, 1) != 1) die("stop");
  _exit(0);
}

static void spawn(int index, int busy) {
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid > 0) {
    if (index % 3 == 2) waitpid(pid, NULL, 0);
    return;
  }
  if (index % 3 >= 1) setsid();
  if (index % 3 == 2) {
    pid = fork();
    if (pid < 0) die("fork");
    if (pid > 0) _exit(0);
  }
  stay(busy);
}

int main(int argc, char **argv) {
  char byte = 's';
  if (argc < 6) return 98;
  int count = atoi(argv[4]) - 1, busy = atoi(argv[5]);
  busy_path = argv[3];
  fifo = open(argv[1], O_WRONLY);
  if (fifo < 0 || pipe(ready) != 0 || pipe(stop) != 0) die("set-up");
  for (int i = 0; i < count; i++) spawn(i, i < busy);
  for (int i = 0; i < count; i++)
    if (read(ready[0], &byte, 1) != 1) die("ready");
  tell(getpid(), 0);
  tell(0, now_ns());
  int fd = open(argv[2], O_RDONLY);
  if (fd < 0) return 97;
  for (int i = 0; i < count; i++)
    if (write(stop[1], &byte, 1) != 1) die("stop");
  while (wait(NULL) > 0) continue;
  return 0;
}
