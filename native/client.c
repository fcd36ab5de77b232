// SPDX-License-Identifier: Apache-2.0
// galgo run where a daemon runs, without Node: galgo-client SOCKET STARTER run ARG...
// The guard and the workload are children of this process, with the rights, the terminal and the descriptors of who called it. The
// daemon gets the guard's socket, decides, and says what stands on stderr and how to end. What the daemon does not do here, STARTER
// does: it is run in this process's place, and finds everything as it was. PROTOCOL.md has the messages.
#include "client-protocol.h"
#include "syscalls.h"
#include "kill-tree.h"

#if defined(__x86_64__)
#define GUARD "galgo-launch-x86_64"
#else
#define GUARD "galgo-launch-aarch64"
#endif

enum { EXIT_GALGO = 125, FIRST_WORD = 3, GUARD_CONTROL = 3 };
enum { SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGUSR1 = 10, SIGUSR2 = 12, SIGPIPE = 13, SIGTERM = 15, SIGTSTP = 20 };
/** A daemon that has not answered after this time is not waited for: nothing has begun yet. */
enum { FIRST_ANSWER_MS = 2000 };
/** One that has not heard of a signal after this time does not work any more. */
enum { HEARD_MS = 5000 };
/** Time that the guard gets to end its workload by itself, and the pause between two looks. */
enum { GUARD_PATIENCE_MS = 2000, LOOK_MS = 5 };
enum { PATH_SIZE = 4096, FRAME_HEADER = 8 };
enum { EINTR = 4, EAGAIN = 11, ECONNRESET = 104 };
enum { AF_UNIX = 1, SOCK_SEQPACKET = 5, SOCK_CLOEXEC = 02000000, SO_PEERCRED = 17, SO_SNDTIMEO = 21, SIG_IGN = 1 };
enum { F_GETFD = 1, F_ADD_SEALS = 1033, ALL_SEALS = 15, MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, CLOSE_RANGE_CLOEXEC = 4 };
enum { S_IFMT = 0170000, S_IFREG = 0100000, X_OK = 1, POLLOUT = 4, TCGETS = 0x5401, SIG_BLOCK = 0, SIG_UNBLOCK = 1 };

struct frame {
  u32 type;
  i32 value;
  char text[GALGO_CLIENT_MAX_TEXT + 1];
};
struct hello {
  u32 type, magic, flags, words;
  u64 ignored_signals;
};
struct address {
  u16 family;
  char path[108];
};
struct credentials {
  i32 pid;
  u32 uid, gid;
};
struct signal_info {
  u32 number, rest[31];
};

static char **arguments, **environment;
static struct frame frame;
static char program[PATH_SIZE], launcher[PATH_SIZE];
static i32 daemon_socket = -1, signals = -1, guard, all_gone, terminal, ignores_children;
static u32 own_filters;
static u64 mask_before;

static void leave(int status) {
  for (;;) sys1(NR_exit_group, status);
}

// --- text --------------------------------------------------------------------------------------------------------------

static u64 length_of(const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  return length;
}

// `name` ends with "="
static const char *variable(const char *name) {
  for (char **entry = environment; *entry; entry++) {
    u64 i = 0;
    while (name[i] && (*entry)[i] == name[i]) i++;
    if (!name[i]) return *entry + i;
  }
  return 0;
}

static void pause_ms(long ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  sys5(NR_ppoll, 0, 0, &time, 0, 0);
}

static void write_all(const char *text, u64 length) {
  while (length) {
    long done = sys3(NR_write, 2, text, length);
    if (done == -EAGAIN) {
      struct pollfd polled = {2, POLLOUT, 0};
      sys5(NR_ppoll, &polled, 1, 0, 0, 0);
    } else if (done < 0) {
      if (done != -EINTR) return; // the reader is gone
    } else {
      text += done;
      length -= done;
    }
  }
}

static int wants_colour(void) {
  const char *no = variable("NO_COLOR="), *force = variable("FORCE_COLOR="), *type = variable("TERM=");
  if (no && *no) return 0;
  if (force && *force && !(force[0] == '0' && !force[1])) return 1;
  return terminal && !(type && type[0] == 'd' && type[1] == 'u' && type[2] == 'm' && type[3] == 'b' && !type[4]);
}

static void complain(const char *text) {
  if (wants_colour()) write_all("\033[31mgalgo:\033[39m ", 17);
  else write_all("galgo: ", 7);
  write_all(text, length_of(text));
  write_all("\n", 1);
}

static long now_ms(void) {
  struct timespec time;
  sys2(NR_clock_gettime, CLOCK_MONOTONIC, &time);
  return time.seconds * 1000 + time.nanoseconds / 1000000;
}

// --- children ------------------------------------------------------------------------------------------------------------

static void set_handler(int number, u64 handler) {
  struct sigaction action = {handler, 0, 0, 0};
  sys4(NR_rt_sigaction, number, &action, 0, sizeof action.mask);
}

static void bury(void) {
  i32 status;
  for (;;) {
    long pid = sys4(NR_wait4, -1, &status, WNOHANG | WALL, 0);
    if (pid <= 0) return;
    if (pid == guard) guard = 0;
  }
}

static u32 filters_of(int pid) {
  static const char key[] = "\nSeccomp_filters:\t";
  char path[64], text[4096];
  put_text(put_number(put_text(path, "/proc/"), pid), "/status");
  long fd = open_file(path, O_RDONLY), length;
  u32 matched = 0, number = 0, done = 0;
  if (fd < 0) return 0;
  while (!done && (length = sys3(NR_read, fd, text, sizeof text)) > 0) {
    for (long i = 0; i < length && !done; i++) {
      if (matched < sizeof key - 1) matched = text[i] == key[matched] ? matched + 1 : text[i] == '\n';
      else if (text[i] >= '0' && text[i] <= '9') number = number * 10 + (text[i] - '0');
      else done = 1;
    }
  }
  sys1(NR_close, fd);
  return number;
}

// The caller may have had children before he became this program. They are not the workload's, all of which has one filter more than
// this process.
static int is_callers(int pid) { return pid != guard && filters_of(pid) <= own_filters; }

// The guard kills its workload when the daemon's end of its socket is closed; whatever is there after `patience` is killed from here:
// what a guard that was killed has left is a child of this process, which is a subreaper.
static void bury_all(long patience) {
  long until = now_ms() + patience;
  i32 self = sys0(NR_getpid);
  // one look can miss who gets another parent meanwhile
  for (int found_nothing = 0; found_nothing < 2;) {
    bury();
    if (!guard || now_ms() >= until) {
      if (guard) sys2(NR_kill, guard, SIGKILL);
      found_nothing = kill_tree(self) ? 0 : found_nothing + 1;
    }
    if (!found_nothing) pause_ms(LOOK_MS);
  }
}

// --- the other way ---------------------------------------------------------------------------------------------------------

// Nothing of the workload has happened yet: the starter runs it alone.
static void __attribute__((noreturn)) alone(const char *why) {
  const char *debug = variable("GALGO_DEBUG=");
  if (debug && debug[0] == '1' && why) {
    write_all("galgo: run without the daemon: ", 31);
    write_all(why, length_of(why));
    write_all("\n", 1);
  }
  if (daemon_socket >= 0) sys1(NR_close, daemon_socket);
  if (guard) bury_all(0);
  if (ignores_children) set_handler(SIGCHLD, SIG_IGN);
  if (signals >= 0) sys4(NR_rt_sigprocmask, SIG_SETMASK, &mask_before, 0, sizeof mask_before);
  arguments[0] = "/bin/sh";
  arguments[1] = arguments[2];
  arguments[2] = "--no-daemon";
  sys3(NR_execve, arguments[0], arguments, environment);
  complain("can not start /bin/sh");
  leave(EXIT_GALGO);
  __builtin_unreachable();
}

static void __attribute__((noreturn)) lost(const char *text) {
  if (daemon_socket >= 0) sys1(NR_close, daemon_socket);
  bury_all(GUARD_PATIENCE_MS);
  complain(text);
  leave(EXIT_GALGO);
  __builtin_unreachable();
}

// --- messages --------------------------------------------------------------------------------------------------------------

static long send_frame(const void *bytes, u64 length, i32 fd, i32 second) {
  struct iovec part = {(void *)bytes, length};
  struct cmsg_fd rights = {second < 0 ? 20 : 24, SOL_SOCKET, SCM_RIGHTS, fd, second};
  struct msghdr message = {0, 0, &part, 1, fd < 0 ? 0 : &rights, fd < 0 ? 0 : sizeof rights, 0};
  return sys3(NR_sendmsg, daemon_socket, &message, MSG_NOSIGNAL);
}

static void tell(u32 type, i32 value) {
  struct { u32 type; i32 value; } message = {type, value};
  send_frame(&message, sizeof message, -1, -1);
}

// Bytes of text that came with the frame, or -1 when the daemon is gone.
static long receive(void) {
  long length;
  // a daemon that closed it without having read all of ours: said once, before what it left for us
  do length = sys3(NR_read, daemon_socket, &frame, sizeof frame - 1);
  while (length == -EINTR || length == -ECONNRESET);
  if (length < FRAME_HEADER) return -1;
  frame.text[length - FRAME_HEADER] = 0;
  return length - FRAME_HEADER;
}

// Whoever may put a socket there could let the workload run without a model: only a daemon of the same user is believed.
static void connect_to(const char *path) {
  struct address address;
  u64 length = length_of(path);
  if (length >= sizeof address.path) alone("the path of its socket is too long");
  address.family = AF_UNIX;
  put_text(address.path, path);
  daemon_socket = sys3(NR_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (daemon_socket < 0) alone("no socket");
  // one that takes no more connections is not waited for either, nor is one that reads nothing
  struct timespec limit = {FIRST_ANSWER_MS / 1000, FIRST_ANSWER_MS % 1000 * 1000}; // a timeval
  sys5(NR_setsockopt, daemon_socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (sys3(NR_connect, daemon_socket, &address, sizeof address.family + length + 1) < 0) alone("nobody answers on its socket");
  struct credentials peer = {0, 0, 0};
  u32 size = sizeof peer;
  if (sys5(NR_getsockopt, daemon_socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != (u32)sys0(NR_getuid))
    alone("it is another user's");
}

static int is_ignored(int number) {
  struct sigaction action = {0, 0, 0, 0};
  sys4(NR_rt_sigaction, number, 0, &action, sizeof action.mask);
  return action.handler == SIG_IGN;
}

static int put_words(i32 fd, const char *text) {
  u64 length = length_of(text) + 1;
  return sys3(NR_write, fd, text, length) == (long)length;
}

// The folder, the words after the starter and the environment, in memory that can not change any more.
static void say_hello(void) {
  char folder[PATH_SIZE];
  struct hello hello = {GALGO_CLIENT_FRAME_HELLO, GALGO_CLIENT_MAGIC, terminal ? GALGO_CLIENT_FLAG_TERMINAL : 0, 0, 0};
  long got = sys2(NR_getcwd, folder, sizeof folder);
  if (got <= 0 || folder[0] != '/') alone("the working directory has no path");
  long fd = sys2(NR_memfd_create, "galgo-words", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  int good = fd >= 0 && put_words(fd, folder);
  for (char **word = arguments + FIRST_WORD; good && *word; word++, hello.words++) good = put_words(fd, *word);
  for (char **entry = environment; good && *entry; entry++) good = put_words(fd, *entry);
  if (!good || sys3(NR_fcntl, fd, F_ADD_SEALS, ALL_SEALS) < 0) alone("no memory to share");
  for (int number = 1; number <= NSIG; number++)
    if (is_ignored(number)) hello.ignored_signals |= 1UL << (number - 1);
  // one that has hung up has said why
  send_frame(&hello, sizeof hello, fd, -1);
  sys1(NR_close, fd);
}

static void await_start(void) {
  struct pollfd polled = {daemon_socket, POLLIN, 0};
  struct timespec limit = {FIRST_ANSWER_MS / 1000, FIRST_ANSWER_MS % 1000 * 1000000};
  if (sys5(NR_ppoll, &polled, 1, &limit, 0, 0) <= 0) alone("it does not answer");
  if (receive() < 0) alone("it hung up");
  if (frame.type != GALGO_CLIENT_FRAME_START) alone(frame.text);
}

// --- what is opened with our own rights --------------------------------------------------------------------------------------

static int is_program(const char *path) {
  struct stat status;
  return sys4(NR_newfstatat, AT_FDCWD, path, &status, 0) >= 0 && (status.mode & S_IFMT) == S_IFREG &&
         sys3(NR_faccessat, AT_FDCWD, path, X_OK) >= 0;
}

// As execvp(3) looks it up. What is not found is the starter's to tell of.
static void find_program(const char *command) {
  u64 length = length_of(command);
  int has_slash = 0;
  for (u64 i = 0; i < length; i++) has_slash |= command[i] == '/';
  if (!length || length >= PATH_SIZE) alone("the command has no usable name");
  if (has_slash) {
    put_text(program, command);
    if (is_program(program)) return;
    alone("the command is no program");
  }
  const char *path = variable("PATH=");
  if (!path) path = "/bin:/usr/bin";
  for (;;) {
    u64 folder = 0;
    while (path[folder] && path[folder] != ':') folder++;
    if (folder + length + 3 < PATH_SIZE) {
      char *to = program;
      for (u64 i = 0; i < folder; i++) *to++ = path[i];
      if (!folder) *to++ = '.';
      if (to[-1] != '/') *to++ = '/';
      put_text(to, command);
      if (is_program(program)) return;
    }
    if (!path[folder]) break;
    path += folder + 1;
  }
  alone("the command is nowhere along PATH");
}

// A copy of the model file: a file that changes, or that never ends, is not the daemon's to wait for.
static i32 copy_model(const char *path) {
  struct stat status;
  long from = open_file(path, O_RDONLY | O_NONBLOCK);
  if (from < 0 || sys4(NR_newfstatat, from, "", &status, 0x1000 /* AT_EMPTY_PATH */) < 0 || (status.mode & S_IFMT) != S_IFREG ||
      status.size > GALGO_CLIENT_MAX_MODEL)
    alone("the model is no file that can be read");
  long to = sys2(NR_memfd_create, "galgo-model", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (to < 0) alone("no memory to share");
  for (long left = status.size; left > 0;) {
    long done = sys4(NR_sendfile, to, from, 0, left);
    if (done <= 0) alone("the model can not be read");
    left -= done;
  }
  if (sys3(NR_fcntl, to, F_ADD_SEALS, ALL_SEALS) < 0) alone("no memory to share");
  sys1(NR_close, from);
  return to;
}

// --- the guard -----------------------------------------------------------------------------------------------------------------

// It lies beside this program.
static void find_launcher(const char *self) {
  u64 length = length_of(self), folder = 0;
  for (u64 i = 0; i < length; i++)
    if (self[i] == '/') folder = i + 1;
  if (folder + sizeof GUARD > sizeof launcher) alone("the path of the launcher is too long");
  for (u64 i = 0; i < folder; i++) launcher[i] = self[i];
  put_text(launcher + folder, GUARD);
  if (!is_program(launcher)) alone("the native launcher is not there");
}

static void become_launcher(i32 control, i32 report, u32 command) {
  char **words = arguments + command - 3;
  words[0] = "galgo-guard";
  words[1] = "3";
  words[2] = program;
  sys4(NR_rt_sigprocmask, SIG_SETMASK, &mask_before, 0, sizeof mask_before);
  // what else the caller had open is not the workload's, as without a daemon
  if (sys3(NR_close_range, GUARD_CONTROL, ~0U, CLOSE_RANGE_CLOEXEC) >= 0 && sys3(NR_dup3, control, GUARD_CONTROL, 0) >= 0)
    sys3(NR_execve, launcher, words, environment);
  sys3(NR_write, report, "x", 1);
  leave(EXIT_GALGO);
}

static void take_signals(void) {
  static const int taken[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGTSTP, SIGCONT, SIGCHLD};
  u64 set = 0;
  for (u64 i = 0; i < sizeof taken / sizeof *taken; i++) set |= 1UL << (taken[i] - 1);
  // nobody reads our stderr any more: that is no reason to end the workload
  u64 blocked = set | 1UL << (SIGPIPE - 1);
  sys4(NR_rt_sigprocmask, SIG_BLOCK, &blocked, &mask_before, sizeof blocked);
  signals = sys4(NR_signalfd4, -1, &set, sizeof set, O_CLOEXEC | O_NONBLOCK);
  if (signals < 0) alone("signals can not be taken");
  // or nobody, the guard neither, would hear of the end of a child
  ignores_children = is_ignored(SIGCHLD);
  if (ignores_children) set_handler(SIGCHLD, 0);
}

// Starts the guard and hands its socket, with a copy of the model, to the daemon.
static void place(u32 command, i32 model) {
  i32 pair[2], report[2];
  if (sys4(NR_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || sys2(NR_pipe2, report, O_CLOEXEC) < 0)
    alone("no sockets");
  guard = sys5(NR_clone, SIGCHLD, 0, 0, 0, 0);
  if (guard == 0) become_launcher(pair[1], report[1], command); // neither is GUARD_CONTROL: the daemon's socket was there before
  if (guard < 0) {
    guard = 0;
    alone("no process can be made");
  }
  sys1(NR_close, pair[1]);
  sys1(NR_close, report[1]);
  frame.type = GALGO_CLIENT_FRAME_PLACED;
  frame.value = guard;
  long length = put_text(frame.text, program) - frame.text;
  if (send_frame(&frame, FRAME_HEADER + length, pair[0], model) < 0) {
    sys1(NR_close, pair[0]);
    alone("it hung up");
  }
  sys1(NR_close, pair[0]);
  if (model >= 0) sys1(NR_close, model);
  u8 failed;
  long length_of_report;
  do length_of_report = sys3(NR_read, report[0], &failed, 1);
  while (length_of_report == -EINTR);
  if (length_of_report == 1) alone("the launcher can not be run");
  sys1(NR_close, report[0]);
}

// --- until the end -----------------------------------------------------------------------------------------------------------

static int is_stopped(int pid) {
  char path[64], text[512];
  put_text(put_number(put_text(path, "/proc/"), pid), "/stat");
  long fd = open_file(path, O_RDONLY);
  if (fd < 0) return 0;
  long length = sys3(NR_read, fd, text, sizeof text - 1);
  sys1(NR_close, fd);
  while (length > 0 && text[length - 1] != ')') length--;
  return length > 0 && text[length + 1] == 'T';
}

// The workload has stopped, so the shell above shall get its terminal back. The news may be old: then it has been continued already.
static void stop_too(int pid) {
  if (!is_stopped(pid)) return;
  u64 stop = 1UL << (SIGTSTP - 1);
  sys4(NR_rt_sigprocmask, SIG_UNBLOCK, &stop, 0, sizeof stop);
  sys2(NR_kill, sys0(NR_getpid), SIGTSTP);
  sys4(NR_rt_sigprocmask, SIG_BLOCK, &stop, 0, sizeof stop);
}

static void finish(int status) {
  sys1(NR_close, daemon_socket);
  bury_all(GUARD_PATIENCE_MS);
  leave(status);
}

static long unheard_since;
static u32 unheard;
/** The workload's first process, which has stopped; 0: nothing is to be done about it. */
static i32 stopped;

static void note_heard(void) {
  if (unheard) unheard--;
  unheard_since = unheard ? now_ms() : 0;
}

static void end_all(void) {
  bury_all(0);
  if (all_gone) return;
  all_gone = 1;
  tell(GALGO_CLIENT_FRAME_GONE, 0);
}

static void take_frame(void) {
  long length = receive();
  if (length < 0) lost("the daemon ended unexpectedly; the workload was killed");
  switch (frame.type) {
    case GALGO_CLIENT_FRAME_ALONE: alone(frame.text);
    case GALGO_CLIENT_FRAME_SAY: write_all(frame.text, length); break;
    case GALGO_CLIENT_FRAME_STOP: stopped = frame.value; break;
    case GALGO_CLIENT_FRAME_HEARD: note_heard(); break;
    case GALGO_CLIENT_FRAME_KILL: end_all(); break;
    case GALGO_CLIENT_FRAME_EXIT: finish(frame.value);
  }
}

static void take_signal(void) {
  struct signal_info info;
  while (sys3(NR_read, signals, &info, sizeof info) == sizeof info) {
    if (info.number != SIGCHLD) {
      tell(GALGO_CLIENT_FRAME_SIGNAL, info.number);
      if (!unheard++) unheard_since = now_ms();
    }
  }
  if (all_gone) return;
  bury();
  if (!guard) end_all(); // what a guard that was killed has left ends with it
}

static void __attribute__((noreturn)) follow(void) {
  for (;;) {
    struct pollfd polled[2] = {{daemon_socket, POLLIN, 0}, {signals, POLLIN, 0}};
    struct timespec limit = {1, 0};
    sys5(NR_ppoll, polled, 2, unheard_since ? &limit : 0, 0, 0);
    if (polled[1].revents) take_signal();
    if (polled[0].revents) take_frame();
    // what it said while this process was stopped comes first
    else if (unheard_since && now_ms() - unheard_since > HEARD_MS) lost("the daemon does not answer; the workload was killed");
    // a Ctrl-Z that was passed on after the shell has continued all of us would stop the workload again
    if (stopped && !unheard) {
      i32 pid = stopped;
      stopped = 0;
      stop_too(pid);
    }
  }
}

__attribute__((used, noreturn)) void start(long *stack) {
  long argc = stack[0];
  arguments = (char **)(stack + 1);
  environment = arguments + argc + 1;
  if (argc <= FIRST_WORD) leave(EXIT_GALGO);
  // a program without them would get the daemon's socket for its output
  for (int fd = 0; fd <= 2; fd++)
    if (sys2(NR_fcntl, fd, F_GETFD) < 0) sys4(NR_openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
  u8 modes[64];
  terminal = sys3(NR_ioctl, 2, TCGETS, modes) >= 0;
  is_spared = is_callers;
  own_filters = filters_of(sys0(NR_getpid));
  find_launcher(arguments[0]);
  connect_to(arguments[1]);
  say_hello();
  await_start();
  u32 command = FIRST_WORD + frame.value;
  if (frame.value < 1 || command >= argc) alone("its answer makes no sense");
  find_program(arguments[command]);
  i32 model = frame.text[0] ? copy_model(frame.text) : -1;
  if (sys2(NR_prctl, PR_SET_CHILD_SUBREAPER, 1) < 0) alone("orphans can not be taken");
  take_signals();
  place(command, model);
  follow();
}
