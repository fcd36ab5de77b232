// SPDX-License-Identifier: Apache-2.0
// kill-ways MODE WAY SIGNAL: tries to end or stop Galgo and the guard, which is the parent, from inside.
//   kill-guard, kill-galgo   plainly
//   thread                   a thread of Galgo, by its id
//   pidfd                    through a pidfd
//   owner                    as the owner of a pipe that becomes ready (F_SETOWN, F_SETSIG)
//   owner-struct             the same with F_SETOWN_EX
//   owner-group              the same for the process group
//   group                    the process group, which the model allows to kill a child in
//   limits                   takes away the guard's descriptors
//   memory                   the memory of Galgo
#include "attack.h"
#include <sys/resource.h>
#include <sys/uio.h>

static int victim(void *unused) {
  (void)unused;
  pause();
  return 0;
}

// the parent of the guard, from its stat file: read before the attack, as the model allows
static pid_t parent_of(pid_t pid) {
  char name[64], text[512] = "";
  snprintf(name, sizeof name, "/proc/%d/stat", pid);
  int fd = open(name, O_RDONLY);
  if (fd < 0 || read(fd, text, sizeof text - 1) < 0) return -1;
  close(fd);
  char *end = strrchr(text, ')');
  return end ? atoi(end + 4) : -1;
}

static void by_owner(int command, void *target, int signal) {
  int ends[2];
  if (pipe(ends) != 0) return;
  note("owner", fcntl(ends[0], command, target));
  note("F_SETSIG", fcntl(ends[0], F_SETSIG, signal));
  note("O_ASYNC", fcntl(ends[0], F_SETFL, O_ASYNC));
  note("write", write(ends[1], "x", 1));
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *way = argv[2];
  int signal = atoi(argv[3]);
  pid_t guard = getppid(), galgo = parent_of(guard), pid = child(victim, 0);
  kill(pid, SIGKILL);
  ended(pid);
  if (!attacking(argc, argv)) return 0;
  if (strcmp(way, "kill-guard") == 0) note(way, kill(guard, signal));
  if (strcmp(way, "kill-galgo") == 0) note(way, kill(galgo, signal));
  if (strcmp(way, "thread") == 0) {
    // Node has many threads, with ids behind its own
    for (pid_t tid = galgo + 1; tid < galgo + 12; tid++)
      if (tid != guard && tid != getpid()) note(way, syscall(SYS_tgkill, galgo, tid, signal));
  }
  if (strcmp(way, "pidfd") == 0) {
    int fd = (int)syscall(SYS_pidfd_open, guard, 0);
    note(way, syscall(SYS_pidfd_send_signal, fd, signal, 0, 0));
  }
  if (strcmp(way, "owner") == 0) by_owner(F_SETOWN, (void *)(long)guard, signal);
  if (strcmp(way, "owner-group") == 0) by_owner(F_SETOWN, (void *)(long)-getpgrp(), signal);
  if (strcmp(way, "owner-struct") == 0) {
    struct f_owner_ex owner = {F_OWNER_PID, galgo};
    by_owner(F_SETOWN_EX, &owner, signal);
  }
  if (strcmp(way, "group") == 0) note(way, kill(0, signal));
  if (strcmp(way, "limits") == 0) {
    struct rlimit none = {0, 0};
    long result = syscall(SYS_prlimit64, guard, RLIMIT_NOFILE, &none, 0);
    note(way, result);
    if (result == 0) harm("the guard has no descriptors any more");
  }
  if (strcmp(way, "memory") == 0) {
    long word;
    struct iovec here = {&word, sizeof word}, there = {(void *)0x400000, sizeof word};
    note(way, process_vm_readv(galgo, &here, 1, &there, 1, 0));
  }
  usleep(100000);
  // a stopped supervisor answers nothing: this event would wait for ever
  note("still supervised", read_once("/dev/null"));
  return 0;
}
