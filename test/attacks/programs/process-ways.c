// SPDX-License-Identifier: Apache-2.0
// process-ways MODE WAY: reaches for a sibling process: its control, its memory, its descriptors.
#include "attack.h"
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static volatile long *word; // private memory of every process, 1 unless somebody wrote to it
static const char *secret;

// waits until its memory was written or it is told to end
static int victim(void *context) {
  int *ends = context;
  char byte = 'r';
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0); // so that it is not Yama that refuses
  close(ends[0]);
  (void)!write(ends[1], &byte, 1);
  for (int i = 0; i < 10; i++) {
    if (*word != 1) {
      harm("the memory of another process was written");
      return 0;
    }
    usleep(30000);
  }
  return 0;
}

static void trace(pid_t pid) {
  int status;
  long result = ptrace(PTRACE_SEIZE, pid, 0, 0);
  note("PTRACE_SEIZE", result);
  if (result == 0) harm("another process is traced");
  result = ptrace(PTRACE_ATTACH, pid, 0, 0);
  note("PTRACE_ATTACH", result);
  if (result != 0) return;
  waitpid(pid, &status, 0);
  ptrace(PTRACE_POKEDATA, pid, word, 2);
  ptrace(PTRACE_DETACH, pid, 0, 0);
}

static void write_memory(pid_t pid) {
  long value = 2;
  struct iovec from = {&value, sizeof value}, to = {(void *)word, sizeof value};
  note("process_vm_writev", process_vm_writev(pid, &from, 1, &to, 1, 0));
}

static void write_proc(pid_t pid) {
  char name[64];
  long value = 2;
  snprintf(name, sizeof name, "/proc/%d/mem", pid);
  int fd = open(name, O_RDWR);
  note(name, fd);
  if (fd >= 0) note("pwrite", pwrite(fd, &value, sizeof value, (off_t)word));
}

// the victim has the secret open: a copy of its descriptor would do
static void steal(pid_t pid, int number) {
  int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  int fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
  note("pidfd_getfd", fd);
  if (fd >= 0) harm("a descriptor of another process was copied");
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *way = argv[2];
  secret = argv[3];
  word = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *word = 1;
  int ends[2];
  char byte;
  if (pipe(ends) != 0) return 3;
  pid_t pid = child(victim, ends);
  close(ends[1]);
  (void)!read(ends[0], &byte, 1);
  if (attacking(argc, argv)) {
    if (strcmp(way, "trace") == 0) trace(pid);
    if (strcmp(way, "write-memory") == 0) write_memory(pid);
    if (strcmp(way, "write-proc") == 0) write_proc(pid);
    if (strcmp(way, "steal") == 0) steal(pid, 1);
  }
  ended(pid);
  return 0;
}
