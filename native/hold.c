// SPDX-License-Identifier: Apache-2.0
// Starts a program that dies with whoever started it: galgo-hold PARENT-PID UID|- PROGRAM ARGUMENT...
// For programs that do not notice the end of their link (QEMU): the kernel kills them when the thread that started them ends. With a UID it
// runs as that user and group and no other. No C library.
#include "syscalls.h"

#if defined(__x86_64__)
enum { NR_setgroups = 116, NR_setresuid = 117, NR_setresgid = 119 };
#else
enum { NR_setgroups = 159, NR_setresuid = 147, NR_setresgid = 149 };
#endif
enum { EXIT_USAGE = 2, EXIT_NOT_HELD = 126, EXIT_NO_PROGRAM = 127 };

static void leave(int status) {
  for (;;) sys1(NR_exit_group, status);
}

static long number(const char *text) {
  long value = 0;
  if (*text == 0) return -1;
  for (; *text >= '0' && *text <= '9'; text++) value = value * 10 + *text - '0';
  return *text == 0 ? value : -1;
}

static void need(long result) {
  if (result < 0) leave(EXIT_NOT_HELD);
}

__attribute__((used)) void start(long *stack) {
  long count = stack[0];
  char **argv = (char **)(stack + 1);
  char **environment = argv + count + 1;
  if (count < 4) leave(EXIT_USAGE);
  if (argv[2][0] != '-') {
    long id = number(argv[2]);
    need(id > 0 ? 0 : -1);
    need(sys2(NR_setgroups, 0, 0));
    need(sys3(NR_setresgid, id, id, id));
    need(sys3(NR_setresuid, id, id, id));
  }
  // a change of uid takes it back, so it comes behind
  need(sys5(NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  // whoever was to die before us may have died before we said so
  if (sys1(NR_getppid, 0) != number(argv[1])) leave(EXIT_NOT_HELD);
  need(sys5(NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  sys3(NR_execve, argv[3], argv + 3, environment);
  leave(EXIT_NO_PROGRAM);
}
