// SPDX-License-Identifier: Apache-2.0
// Guard and launcher of a workload: galgo-guard CONTROL-FD PATH ARGV0 ARG...
// The guard forks the workload with a shared descriptor table, so that the filtered task never has to hand over its own
// listener; it stays the workload's parent and subreaper, and kills all of it when Galgo says so or is gone.
// The messages are described in PROTOCOL.md. No C library: nothing here can fail in a way that is not written here.
#include "protocol.h"
#include "syscalls.h"
#include "kill-tree.h"

struct start {
  u32 magic, flags;
  u64 ignored_signals;
  u64 open_files;
  u32 count, reserved;
  struct sock_filter filter[GALGO_MAX_INSTRUCTIONS];
};
struct report {
  u32 type;
  i32 a, b;
};
struct order {
  u32 type;
  i32 signal;
};

static const u64 ALL_SIGNALS = ~0UL, NO_SIGNALS = 0;
enum { EXIT_GUARD = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, KILL_INTERVAL_MS = 5 };

static struct start start_message;
static i32 control, cgroup = -1, ruleset = -1, from_child[2], to_child[2];
static struct cmsg_fd arrived;
static i32 self, galgo, child, terminal_was_ours;
static i32 child_gone, galgo_gone, killing, born_in_cgroup;

static void leave(int status) {
  for (;;) sys1(NR_exit_group, status);
}

// --- messages ----------------------------------------------------------------------------------------------------------

static long send_report(u32 type, i32 a, i32 b, i32 fd) {
  struct report report = {type, a, b};
  struct iovec part = {&report, sizeof report};
  struct cmsg_fd rights = {20, SOL_SOCKET, SCM_RIGHTS, fd, 0};
  struct msghdr message = {0, 0, &part, 1, fd < 0 ? 0 : &rights, fd < 0 ? 0 : sizeof rights, 0};
  return sys3(NR_sendmsg, control, &message, MSG_NOSIGNAL | (type == GALGO_REPORT_STOPPED ? MSG_DONTWAIT : 0));
}

static void fail(u32 step, long error) {
  send_report(GALGO_REPORT_FAILED, step, -error, -1);
  leave(EXIT_GUARD);
}

static long receive(void *into, u64 size) {
  struct iovec part = {into, size};
  arrived = (struct cmsg_fd){0, 0, 0, -1, -1};
  struct msghdr message = {0, 0, &part, 1, &arrived, sizeof arrived, 0};
  long length = sys3(NR_recvmsg, control, &message, MSG_CMSG_CLOEXEC);
  if (length <= 0 || arrived.type != SCM_RIGHTS || arrived.length < 20) arrived.fd = arrived.second = -1;
  else if (arrived.length < 24) arrived.second = -1;
  return message.flags & MSG_TRUNC ? -EINVAL : length;
}

static void receive_start(void) {
  long length = receive(&start_message, sizeof start_message);
  if (length == 0) leave(EXIT_GUARD); // Galgo is gone, nobody to tell
  if (length < 0) fail(GALGO_STEP_PROTOCOL, length);
  u64 header = sizeof start_message - sizeof start_message.filter;
  if (length < (long)header || start_message.magic != GALGO_MAGIC ||
      (start_message.flags & ~(GALGO_FLAG_NO_NEW_PRIVS | GALGO_FLAG_LANDLOCK)) || start_message.count > GALGO_MAX_INSTRUCTIONS ||
      length != (long)(header + start_message.count * sizeof(struct sock_filter)))
    fail(GALGO_STEP_PROTOCOL, -EINVAL);
  // the ruleset comes last; without one there is only the cgroup
  if (start_message.flags & GALGO_FLAG_LANDLOCK) {
    ruleset = arrived.second >= 0 ? arrived.second : arrived.fd;
    if (ruleset < 0) fail(GALGO_STEP_PROTOCOL, -EINVAL);
    if (arrived.second >= 0) cgroup = arrived.fd;
  } else {
    cgroup = arrived.fd;
  }
}

// --- the terminal ------------------------------------------------------------------------------------------------------

static i32 foreground_group(long terminal) {
  i32 group = -1;
  return sys3(NR_ioctl, terminal, TIOCGPGRP, &group) < 0 ? -1 : group;
}

// A shell in the workload takes the terminal for its own process group; when it was killed it could not give it back.
static void take_terminal_back(void) {
  long terminal = terminal_was_ours ? open_file("/dev/tty", O_RDWR) : -1;
  if (terminal < 0) return;
  i32 ours = sys1(NR_getpgid, 0), group = foreground_group(terminal);
  if (group > 0 && group != ours && sys2(NR_kill, -group, 0) == -ESRCH) sys3(NR_ioctl, terminal, TIOCSPGRP, &ours);
  sys1(NR_close, terminal);
}

static void look_at_terminal(void) {
  long terminal = open_file("/dev/tty", O_RDWR);
  if (terminal < 0) return;
  terminal_was_ours = foreground_group(terminal) == sys1(NR_getpgid, 0);
  sys1(NR_close, terminal);
}

// --- the workload's first task, until it is the command ------------------------------------------------------------------

static void child_report(u32 type, i32 a, i32 b) {
  struct report report = {type, a, b};
  sys3(NR_write, from_child[1], &report, sizeof report);
}

static void child_fail(u32 step, long error, int status) {
  child_report(GALGO_REPORT_FAILED, step, -error);
  leave(status);
}

static void plain_signals(void) {
  for (int number = 1; number <= NSIG; number++) {
    struct sigaction action = {start_message.ignored_signals >> (number - 1) & 1, 0, 0, 0};
    sys4(NR_rt_sigaction, number, &action, 0, sizeof action.mask);
  }
  sys4(NR_rt_sigprocmask, SIG_SETMASK, &NO_SIGNALS, 0, sizeof NO_SIGNALS);
}

static void soft_limit(void) {
  struct rlimit limit;
  if (!start_message.open_files || sys4(NR_prlimit64, 0, RLIMIT_NOFILE, 0, &limit) < 0) return;
  if (start_message.open_files > limit.hard) return;
  limit.soft = start_message.open_files;
  sys4(NR_prlimit64, 0, RLIMIT_NOFILE, &limit, 0);
}

// Without instructions there is no listener either: -1.
static long install_filter(u32 *features) {
  struct sock_fprog program = {start_message.count, start_message.filter};
  u32 flags = FILTER_NEW_LISTENER | FILTER_SPEC_ALLOW;
  *features = start_message.count ? GALGO_FEATURE_WAIT_KILLABLE : 0;
  if (!start_message.count) return -1;
  long fd = sys3(NR_seccomp, SECCOMP_SET_MODE_FILTER, flags | FILTER_WAIT_KILLABLE_RECV, &program);
  if (fd != -EINVAL) return fd;
  *features = 0; // Linux < 5.19
  return sys3(NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

// From the filter on, only calls that Galgo's filters never hold (read, write) until execve, which is the first event.
static void run_child(char **argv, char **envp) {
  sys2(NR_prctl, PR_SET_DUMPABLE, 1);
  sys2(NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
  if (sys0(NR_getppid) != self) leave(EXIT_GUARD); // the guard died before it would have been noticed
  plain_signals();
  soft_limit();
  if (start_message.flags & GALGO_FLAG_NO_NEW_PRIVS) {
    long error = sys5(NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (error < 0) child_fail(GALGO_STEP_NO_NEW_PRIVS, error, EXIT_GUARD);
  }
  // before the filter, which holds this call
  if (ruleset >= 0) {
    long error = sys2(NR_landlock_restrict_self, ruleset, 0);
    if (error < 0) child_fail(GALGO_STEP_LANDLOCK, error, EXIT_GUARD);
    sys1(NR_close, ruleset);
  }
  u32 features;
  long listener = install_filter(&features);
  if (listener < 0 && start_message.count) child_fail(GALGO_STEP_FILTER, listener, EXIT_GUARD);
  child_report(GALGO_REPORT_READY, listener, features);
  u8 go;
  if (sys3(NR_read, to_child[0], &go, 1) != 1) leave(EXIT_GUARD);
  long error = sys3(NR_execve, argv[0], argv + 1, envp);
  child_fail(GALGO_STEP_EXEC, error, error == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

// --- the guard ---------------------------------------------------------------------------------------------------------

// The table is shared until now: what is closed before CLOSE_RANGE_UNSHARE is closed for the child too (the listener), what
// is closed after it stays open there (its stdio). The guard must not keep the user's pipes open.
static void hand_over(i32 listener, i32 features) {
  if (born_in_cgroup) features |= GALGO_FEATURE_IN_CGROUP;
  long error = send_report(GALGO_REPORT_READY, child, features, listener);
  if (listener >= 0) sys1(NR_close, listener);
  if (sys3(NR_close_range, 0, control - 1, CLOSE_RANGE_UNSHARE) >= 0) { // else (an old container filter) all stays open
    sys1(NR_close, from_child[1]);
    sys1(NR_close, to_child[0]);
  }
  if (error >= 0) return;
  send_report(GALGO_REPORT_FAILED, GALGO_STEP_LISTENER, -error, -1);
  killing = 1;
}

static void read_child(void) {
  struct report report;
  while (from_child[0] >= 0) {
    long length = sys3(NR_read, from_child[0], &report, sizeof report);
    if (length == sizeof report) {
      if (report.type == GALGO_REPORT_READY) hand_over(report.a, report.b);
      else send_report(report.type, report.a, report.b, -1);
    } else {
      if (length == 0) { // the command has begun, or the child is dead
        sys1(NR_close, from_child[0]);
        from_child[0] = -1;
      }
      return;
    }
  }
}

// A signal that was sent to the whole process group is waiting here too (everything is blocked), and then the workload, if
// it is still in the group, has it already.
static void pass_on(i32 signal) {
  if (signal < 1 || signal > NSIG || child_gone) return;
  u64 set = 1UL << (signal - 1);
  struct timespec now = {0, 0};
  int to_group = sys4(NR_rt_sigtimedwait, &set, 0, &now, sizeof set) == signal;
  if (to_group && sys1(NR_getpgid, child) == sys1(NR_getpgid, 0)) return;
  sys2(NR_kill, child, signal);
}

static void read_order(void) {
  struct order order = {0, 0};
  long length = receive(&order, sizeof order);
  if (length <= 0) {
    galgo_gone = killing = 1;
  } else if (order.type == GALGO_ORDER_GO) {
    sys3(NR_write, to_child[1], "g", 1);
  } else if (order.type == GALGO_ORDER_KILL) {
    killing = 1;
  } else if (order.type == GALGO_ORDER_SIGNAL) {
    pass_on(order.signal);
  }
}

static void main_child_changed(i32 status) {
  if ((status & 0xff) == 0x7f) {
    send_report(GALGO_REPORT_STOPPED, status >> 8 & 0xff, 0, -1);
  } else if (status == 0xffff) {
    // continued by hand while Galgo stopped along with it: a stopped Galgo answers nothing
    if (sys0(NR_getppid) == galgo) sys2(NR_kill, galgo, SIGCONT);
  } else {
    read_child(); // why the exec failed comes before the exit
    child_gone = 1;
    take_terminal_back();
    send_report(GALGO_REPORT_EXITED, status, 0, -1);
  }
}

// Galgo removes its cgroup itself; when it is gone this is the last one who can.
static void remove_cgroup(void) {
  char link[64], path[4096];
  put_number(put_text(link, "/proc/self/fd/"), cgroup);
  long length = sys4(NR_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = 0;
  sys3(NR_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

static void reap(void) {
  i32 status;
  for (;;) {
    long pid = sys4(NR_wait4, -1, &status, WNOHANG | WUNTRACED | WCONTINUED | WALL, 0);
    if (pid == 0) return;
    if (pid < 0) break;
    if (pid == child) main_child_changed(status);
  }
  take_terminal_back();
  send_report(GALGO_REPORT_DRAINED, 0, 0, -1);
  if (galgo_gone && cgroup >= 0) remove_cgroup();
  leave(0);
}

// Every pass looks at many processes: not at each of their ends, but often enough to overtake one that forks all the time.
static i32 pass_is_due(void) {
  static long next;
  struct timespec time;
  sys2(NR_clock_gettime, CLOCK_MONOTONIC, &time);
  long now = time.seconds * 1000 + time.nanoseconds / 1000000;
  if (now < next) return 0;
  next = now + KILL_INTERVAL_MS;
  return 1;
}

static void kill_workload(void) {
  if (cgroup >= 0) {
    long fd = sys4(NR_openat, cgroup, "cgroup.kill", O_WRONLY | O_CLOEXEC, 0);
    if (fd >= 0) {
      sys3(NR_write, fd, "1", 1);
      sys1(NR_close, fd);
    }
  }
  kill_tree(self);
  if (!child_gone) sys2(NR_kill, child, SIGKILL); // all that can be done where /proc can not be read
}

static void guard(i32 children) {
  u8 ignored[128];
  for (;;) {
    struct pollfd polled[3] = {{galgo_gone ? -1 : control, POLLIN, 0}, {from_child[0], POLLIN, 0}, {children, POLLIN, 0}};
    struct timespec interval = {0, KILL_INTERVAL_MS * 1000000L};
    sys5(NR_ppoll, polled, 3, killing ? &interval : 0, 0, 0);
    if (polled[1].revents) read_child();
    if (polled[0].revents) read_order();
    if (polled[2].revents) sys3(NR_read, children, ignored, sizeof ignored);
    reap();
    if (killing && pass_is_due()) kill_workload();
  }
}

static long become_guard(void) {
  sys4(NR_rt_sigprocmask, SIG_SETMASK, &ALL_SIGNALS, 0, sizeof ALL_SIGNALS);
  self = sys0(NR_getpid);
  galgo = sys0(NR_getppid);
  sys2(NR_prctl, PR_SET_NAME, "galgo-guard");
  sys2(NR_prctl, PR_SET_DUMPABLE, 0); // a workload of the same user may not trace the guard
  look_at_terminal();
  long error = sys3(NR_fcntl, control, F_SETFD, FD_CLOEXEC);
  if (error >= 0) error = sys2(NR_prctl, PR_SET_CHILD_SUBREAPER, 1);
  if (error >= 0) error = sys2(NR_pipe2, from_child, O_CLOEXEC | O_NONBLOCK);
  if (error >= 0) error = sys2(NR_pipe2, to_child, O_CLOEXEC);
  if (error < 0) return error;
  u64 set = 1UL << (SIGCHLD - 1);
  return sys4(NR_signalfd4, -1, &set, sizeof set, O_CLOEXEC | O_NONBLOCK);
}

// Born in its cgroup, because moving a process into one later takes the kernel 10 to 30 ms. Where that is refused (an old
// kernel, a container's filter) Galgo moves it.
static long fork_child(void) {
  if (cgroup >= 0) {
    struct clone_args args = {CLONE_FILES | CLONE_INTO_CGROUP, 0, 0, 0, SIGCHLD, 0, 0, 0, 0, 0, cgroup};
    long pid = sys2(NR_clone3, &args, sizeof args);
    born_in_cgroup = pid >= 0;
    if (pid >= 0) return pid;
  }
  return sys5(NR_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
}

__attribute__((used, noreturn)) void start(long *stack) {
  long argc = stack[0];
  char **argv = (char **)(stack + 1), **envp = argv + argc + 1;
  control = argc > 3 ? to_number(argv[1]) : -1;
  if (control < 3) leave(EXIT_GUARD);
  long children = become_guard();
  receive_start();
  if (children < 0) fail(GALGO_STEP_GUARD, children);
  child = fork_child();
  if (child < 0) fail(GALGO_STEP_FORK, child);
  if (child == 0) run_child(argv + 2, envp);
  // many workloads that spin must not keep their guards from killing them; only root may do that
  sys3(NR_setpriority, PRIO_PROCESS, 0, -20);
  guard(children);
  __builtin_unreachable();
}
