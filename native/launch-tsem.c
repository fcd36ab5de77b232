// SPDX-License-Identifier: Apache-2.0
// Launcher of a workload in a TSEM namespace, and the watch that ends the workload when Galgo is gone:
//   galgo-launch-tsem N PATH ARGV0 ARG...        becomes the command; a direct child of the Galgo thread that reads the events
//   galgo-launch-tsem watch FD CGROUP-FD PID     CGROUP-FD is "none" where there is no cgroup
// TSEM ties a namespace to the task that makes it and to that task's parent, so there is no guard in between. From the
// write that makes the namespace until execve only read and write of pipes are called, which TSEM has no hooks for.
#include "tsem-protocol.h"
#include "syscalls.h"
#include "kill-tree.h"

struct order {
  u32 type, length;
  u8 line[GALGO_TSEM_MAX_LINE + 1];
};
struct start {
  u32 type, magic, flags, reserved;
  u64 ignored_signals;
  u64 open_files;
};
struct report {
  u32 type;
  i32 a, b;
};

static const u64 ALL_SIGNALS = ~0UL, NO_SIGNALS = 0;
enum { EXIT_GUARD = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, KILL_INTERVAL_MS = 5, QUIET_PASSES = 20 };

static i32 orders, reports, control;

static void leave(int status) {
  for (;;) sys1(NR_exit_group, status);
}

static void report(u32 type, i32 a, i32 b) {
  struct report message = {type, a, b};
  sys3(NR_write, reports, &message, sizeof message);
}

static void fail(u32 step, long error, int status) {
  report(GALGO_TSEM_REPORT_FAILED, step, -error);
  leave(status);
}

// orders are written whole and are shorter than what a pipe keeps together
static void receive(void *into, u64 size) {
  long length = sys3(NR_read, orders, into, size);
  if (length == 0) leave(EXIT_GUARD); // Galgo is gone
  if (length != (long)size) fail(GALGO_TSEM_STEP_PROTOCOL, length < 0 ? length : -EINVAL, EXIT_GUARD);
}

// --- the workload's first task, until it is the command -------------------------------------------------------------------

static void plain_signals(u64 ignored) {
  for (int number = 1; number <= NSIG; number++) {
    struct sigaction action = {ignored >> (number - 1) & 1, 0, 0, 0};
    sys4(NR_rt_sigaction, number, &action, 0, sizeof action.mask);
  }
  sys4(NR_rt_sigprocmask, SIG_SETMASK, &NO_SIGNALS, 0, sizeof NO_SIGNALS);
}

static void soft_limit(u64 open_files) {
  struct rlimit limit;
  if (!open_files || sys4(NR_prlimit64, 0, RLIMIT_NOFILE, 0, &limit) < 0 || open_files > limit.hard) return;
  limit.soft = open_files;
  sys4(NR_prlimit64, 0, RLIMIT_NOFILE, &limit, 0);
}

// The command must not be able to command TSEM. What this task itself has stays until the exec: it writes once more.
static void drop_mac_admin(void) {
  long error = sys5(NR_prctl, PR_CAPBSET_DROP, CAP_MAC_ADMIN, 0, 0, 0);
  if (error < 0) fail(GALGO_TSEM_STEP_CAPABILITY, error, EXIT_GUARD);
  sys5(NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_MAC_ADMIN, 0, 0); // Linux < 4.3 has none
  struct cap_header header = {CAP_VERSION_3, 0};
  struct cap_data data[2];
  error = sys2(NR_capget, &header, data);
  if (error >= 0) {
    data[CAP_MAC_ADMIN / 32].inheritable &= ~(1U << CAP_MAC_ADMIN % 32);
    error = sys2(NR_capset, &header, data);
  }
  if (error < 0) fail(GALGO_TSEM_STEP_CAPABILITY, error, EXIT_GUARD);
}

static void prepare(void) {
  struct start start;
  receive(&start, sizeof start);
  if (start.type != GALGO_TSEM_ORDER_START || start.magic != GALGO_TSEM_MAGIC || (start.flags & ~GALGO_TSEM_FLAG_DIE_WITH_GALGO))
    fail(GALGO_TSEM_STEP_PROTOCOL, -EINVAL, EXIT_GUARD);
  // without a cgroup the watch finds the others through this task, which must not die before it has looked
  if (!(start.flags & GALGO_TSEM_FLAG_DIE_WITH_GALGO)) sys2(NR_prctl, PR_SET_PDEATHSIG, 0);
  for (int fd = orders; fd <= control; fd++) sys3(NR_fcntl, fd, F_SETFD, FD_CLOEXEC);
  plain_signals(start.ignored_signals);
  soft_limit(start.open_files);
  drop_mac_admin();
  report(GALGO_TSEM_REPORT_READY, 0, 0);
}

static void become(char **argv, char **envp) {
  for (;;) {
    struct order order;
    receive(&order, sizeof order);
    if (order.type == GALGO_TSEM_ORDER_GO) break;
    if (order.type != GALGO_TSEM_ORDER_WRITE || order.length > GALGO_TSEM_MAX_LINE)
      fail(GALGO_TSEM_STEP_PROTOCOL, -EINVAL, EXIT_GUARD);
    long written = sys3(NR_write, control, order.line, order.length);
    report(GALGO_TSEM_REPORT_WROTE, written < 0 ? -written : 0, written < 0 ? 0 : written);
  }
  long error = sys3(NR_execve, argv[0], argv + 1, envp);
  fail(GALGO_TSEM_STEP_EXEC, error, error == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

// --- the watch ------------------------------------------------------------------------------------------------------------

// Kills the cgroup; without one, what is below the first task, and then that task itself.
static void kill_pass(i32 cgroup, i32 first) {
  if (cgroup >= 0) {
    long fd = sys4(NR_openat, cgroup, "cgroup.kill", O_WRONLY | O_CLOEXEC, 0);
    if (fd >= 0) {
      sys3(NR_write, fd, "1", 1);
      sys1(NR_close, fd);
    }
  }
  if (first <= 0) return;
  kill_tree(first);
  sys2(NR_kill, first, SIGKILL);
}

// 0 when the group is gone
static i32 remove_cgroup(i32 cgroup) {
  char link[64], path[4096];
  put_number(put_text(link, "/proc/self/fd/"), cgroup);
  long length = sys4(NR_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  long error = sys4(NR_unlinkat, AT_FDCWD, path, AT_REMOVEDIR, 0);
  return error < 0 && error != -ENOENT;
}

static void watch(i32 from_galgo, i32 cgroup, i32 first) {
  sys4(NR_rt_sigprocmask, SIG_SETMASK, &ALL_SIGNALS, 0, sizeof ALL_SIGNALS);
  sys2(NR_prctl, PR_SET_NAME, "galgo-watch");
  sys2(NR_prctl, PR_SET_DUMPABLE, 0);
  u8 word;
  while (sys3(NR_read, from_galgo, &word, 1) == 1) {
    if (word == GALGO_TSEM_WATCH_LEAVE) leave(0);
    if (word == GALGO_TSEM_WATCH_FIRST_ENDED) first = -1; // its number may be somebody else's soon
  }
  for (int quiet = 0; quiet < QUIET_PASSES; quiet++) {
    kill_pass(cgroup, first);
    if (cgroup >= 0 && !remove_cgroup(cgroup)) leave(0);
    if (cgroup < 0 && (first <= 0 || sys2(NR_kill, first, 0) == -ESRCH)) leave(0);
    struct timespec interval = {0, KILL_INTERVAL_MS * 1000000L};
    sys5(NR_ppoll, 0, 0, &interval, 0, 0);
    if (cgroup >= 0) quiet = 0; // until the group is empty: nothing can hide in it
  }
  leave(0);
}

static i32 same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

__attribute__((used, noreturn)) void start(long *stack) {
  long argc = stack[0];
  char **argv = (char **)(stack + 1), **envp = argv + argc + 1;
  if (argc == 5 && same(argv[1], "watch")) watch(to_number(argv[2]), to_number(argv[3]), to_number(argv[4]));
  orders = argc > 3 ? to_number(argv[1]) : -1;
  if (orders < 3) leave(EXIT_GUARD);
  reports = orders + 1;
  control = orders + 2;
  sys2(NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
  prepare();
  become(argv + 2, envp);
  __builtin_unreachable();
}
