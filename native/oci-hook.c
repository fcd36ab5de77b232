// SPDX-License-Identifier: Apache-2.0
// The createRuntime hook of containers: galgo-oci-hook [--socket PATH] [--always]
// A container runtime runs it before the container's program and gives it the container's state on stdin; it asks the daemon whether the
// container may start, prints the daemon's sentence, and fails when the answer is no. Without a daemon it fails when the container's
// annotations want enforcement, or always with --always. The messages are described in PROTOCOL.md. No C library, no Node.
#include "syscalls.h"

enum { EINTR = 4, AF_UNIX = 1, SOCK_STREAM = 1, SHUT_WR = 1, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21 };
#if defined(__x86_64__)
enum { NR_shutdown = 48 };
#else
enum { NR_shutdown = 210 };
#endif
enum { MAX_STATE = 1 << 20, MAX_CONFIG = 4 << 20, MAX_PATH = 4096, ANSWER_SECONDS = 10 };

static char state[MAX_STATE + 1], config[MAX_CONFIG + 1], answer[8192], bundle_config[MAX_PATH + 16];

static struct { u16 family; char path[108]; } address;

static void leave(int status) {
  for (;;) sys1(NR_exit_group, status);
}

static long length_of(const char *text) {
  long length = 0;
  while (text[length]) length++;
  return length;
}

static void say(const char *text) { sys3(NR_write, 2, text, length_of(text)); }

static void refuse(const char *why) {
  say("galgo: ");
  say(why);
  say("\n");
  leave(1);
}

static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

static int begins(const char *text, const char *with) {
  while (*with && *text == *with) text++, with++;
  return *with == 0;
}

// all of a descriptor; -1 when it is longer than there is room, or can not be read
static long read_all(i32 fd, char *into, long room) {
  long length = 0;
  for (;;) {
    long got = sys3(NR_read, fd, into + length, room + 1 - length);
    if (got == -EINTR) continue;
    if (got < 0 || length + got > room) return -1;
    if (got == 0) break;
    length += got;
  }
  into[length] = 0;
  return length;
}

static const char *blank(const char *at) {
  while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r') at++;
  return at;
}

// The value of a member whose key, with its quotes, is `key`. Inside of a string a quote is escaped, so no text looks like a key.
static const char *member(const char *json, const char *key) {
  for (; *json; json++) {
    if (*json != '"' || !begins(json, key)) continue;
    const char *value = blank(json + length_of(key));
    if (*value == ':') return blank(value + 1);
  }
  return 0;
}

// As the daemon judges annotations (choice.ts): a mode that only looks on, or no word for Galgo at all, does not want it.
static int wants_enforcement(const char *json) {
  const char *mode = member(json, "\"dev.galgo.mode\"");
  if (!mode) return member(json, "\"dev.galgo.model\"") != 0;
  return !begins(mode, "\"learn\"") && !begins(mode, "\"free\"") && !begins(mode, "\"detect\"");
}

// The state of older runtimes has no annotations; those of the bundle are the same.
static int bundle_wants_enforcement(void) {
  const char *bundle = member(state, "\"bundle\"");
  if (!bundle || *bundle != '"') return 1;
  long length = 0;
  for (bundle++; *bundle && *bundle != '"' && *bundle != '\\' && length < MAX_PATH; bundle++) bundle_config[length++] = *bundle;
  if (*bundle != '"') return 1;
  const char *name = "/config.json";
  for (int i = 0; i <= 12; i++) bundle_config[length++] = name[i];
  long fd = sys4(NR_openat, AT_FDCWD, bundle_config, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0 || read_all(fd, config, MAX_CONFIG) < 0) return 1;
  return wants_enforcement(config);
}

static long connect_to(const char *path) {
  if (length_of(path) >= (long)sizeof address.path) return -1;
  address.family = AF_UNIX;
  for (long i = 0; path[i]; i++) address.path[i] = path[i];
  long fd = sys3(NR_socket, AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0);
  if (fd < 0) return fd;
  struct { long seconds, microseconds; } patience = {ANSWER_SECONDS, 0};
  sys5(NR_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sys5(NR_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  long error = sys3(NR_connect, fd, &address, sizeof address);
  return error < 0 ? error : fd;
}

// The daemon's answer: a digit (0: it may start), then a sentence. @returns its length, or -1
static long ask(const char *path, long size) {
  long fd = connect_to(path);
  if (fd < 0) return -1;
  for (long sent = 0; sent < size;) {
    struct iovec part = {state + sent, size - sent};
    struct msghdr message = {0, 0, &part, 1, 0, 0, 0};
    long put = sys3(NR_sendmsg, fd, &message, MSG_NOSIGNAL);
    if (put == -EINTR) continue;
    if (put <= 0) return -1;
    sent += put;
  }
  sys2(NR_shutdown, fd, SHUT_WR);
  return read_all(fd, answer, sizeof answer - 1);
}

__attribute__((used)) void start(long *stack) {
  const char *path = "/run/galgo/hook.sock";
  int always = 0;
  char **arguments = (char **)(stack + 1);
  for (int i = 1; i < stack[0]; i++) {
    if (same(arguments[i], "--always")) always = 1;
    else if (same(arguments[i], "--socket") && i + 1 < stack[0]) path = arguments[++i];
    else refuse("oci-hook takes --socket PATH and --always, and a container's state on its standard input");
  }
  long size = read_all(0, state, MAX_STATE);
  if (size <= 0) refuse("no container's state was given on the standard input: container runtimes start this program");
  long length = ask(path, size);
  if (length > 0 && (answer[0] == '0' || answer[0] == '1')) {
    if (length > 1) {
      say("galgo: ");
      sys3(NR_write, 2, answer + 1, length - 1);
      say("\n");
    }
    leave(answer[0] == '0' ? 0 : 1);
  }
  if (always || wants_enforcement(state) || bundle_wants_enforcement())
    refuse("the container is to be enforced, and no daemon answers (galgo daemon): it is not started");
  leave(0);
}
