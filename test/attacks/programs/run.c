// SPDX-License-Identifier: Apache-2.0
// run MODE WAY PROGRAM OTHER: runs PROGRAM as a child; "attack" then runs OTHER on the given way.
#include "attack.h"
#include <sys/auxv.h>

static char *const none[] = {0};

static int copy_to_memory(const char *path) {
  char block[65536];
  ssize_t size;
  int from = open(path, O_RDONLY), to = (int)syscall(SYS_memfd_create, "x", 0);
  if (from < 0 || to < 0) return -1;
  while ((size = read(from, block, sizeof block)) > 0)
    if (write(to, block, (size_t)size) != size) return -1;
  return to;
}

static int run_plainly(void *program) {
  char *arguments[] = {program, "attack", 0};
  execv(program, arguments);
  note("execv", -1);
  return 1;
}

static int run_otherwise(void *context) {
  char **argv = context, *way = argv[2], *other = argv[4], name[64];
  char *arguments[] = {other, 0};
  int fd;
  if (strcmp(way, "memory") == 0) {
    fd = copy_to_memory(other);
    note("memfd", fd);
    fexecve(fd, arguments, none);
  } else if (strcmp(way, "fd") == 0) {
    fd = open(other, O_PATH | O_CLOEXEC);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    execve(name, arguments, none);
  } else if (strcmp(way, "empty") == 0) {
    fd = open(other, O_PATH | O_CLOEXEC);
    syscall(SYS_execveat, fd, "", arguments, none, AT_EMPTY_PATH);
  } else if (strcmp(way, "own-exe") == 0) {
    snprintf(name, sizeof name, "/proc/%d/exe", atoi(other));
    execve(name, arguments, none);
  } else if (strcmp(way, "loader") == 0) {
    char *with_loader[] = {"ld.so", other, 0};
    execve("/lib64/ld-linux-x86-64.so.2", with_loader, none);
  } else {
    execve(other, arguments, none);
  }
  note(way, -1);
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  ended(child(run_plainly, argv[3]));
  if (attacking(argc, argv)) ended(child(run_otherwise, argv));
  return 0;
}
