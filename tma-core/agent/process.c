// SPDX-License-Identifier: Apache-2.0
// The agent as a process of its own: galgo-tma LINK-FD [UID]. When it serves it can read, write and end, nothing else:
// no files, no network, no memory of others, whoever finds a fault in it (seccomp's strict mode, below Landlock and a uid of its own).
// It ends when its host ends. No C library.
#include "../../native/syscalls.h"
#include "agent.h"
#include "platform.h"

enum { LINK = 0, NONCE_BYTES = 16 };
enum { EXIT_ASKED = 0, EXIT_TRAP = 3, EXIT_NOT_CONFINED = 4 };

static u8 random_start[NONCE_BYTES];

#if defined(__x86_64__)
enum { NR_exit = 60, NR_setgroups = 116, NR_setresuid = 117, NR_setresgid = 119, NR_getrandom = 318, NR_landlock_create_ruleset = 444 };
#else
enum { NR_exit = 93, NR_setgroups = 159, NR_setresuid = 147, NR_setresgid = 149, NR_getrandom = 278, NR_landlock_create_ruleset = 444 };
#endif
enum { SECCOMP_SET_MODE_STRICT = 0, LANDLOCK_VERSION = 1, RLIMIT_CORE = 4, RLIMIT_NPROC = 6 };
enum { EINTR = 4, ENOSYS = 38, EOPNOTSUPP = 95 };

// exit_group is not what strict mode allows
static _Noreturn void leave(int status) {
  for (;;) sys1(NR_exit, status);
}

static void need(long result) {
  if (result < 0) leave(EXIT_NOT_CONFINED);
}

// No right to any file, and none to the network where the kernel can say so.
static void deny_files(void) {
  long version = sys3(NR_landlock_create_ruleset, 0, 0, LANDLOCK_VERSION);
  if (version == -ENOSYS || version == -EOPNOTSUPP) return; // strict mode alone: nothing can be opened there either
  need(version);
  u64 handled[2] = {version >= 5 ? 0xffff : version >= 3 ? 0x7fff : version >= 2 ? 0x3fff : 0x1fff, 3};
  long ruleset = sys3(NR_landlock_create_ruleset, handled, version >= 4 ? 16 : 8, 0);
  need(ruleset);
  need(sys2(NR_landlock_restrict_self, ruleset, 0));
  sys1(NR_close, ruleset);
}

static long number(const char *text) {
  long value = 0;
  for (; *text >= '0' && *text <= '9'; text++) value = value * 10 + *text - '0';
  return *text == 0 ? value : -1;
}

static void confine(const char *link, const char *uid) {
  u64 none[2] = {0, 0};
  need(number(link));
  if (number(link) != LINK) need(sys3(NR_dup3, number(link), LINK, 0));
  need(sys3(NR_close_range, LINK + 1, ~0u, 0));
  need(sys5(NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  need(sys5(NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0));
  need(sys4(NR_prlimit64, 0, RLIMIT_CORE, none, 0));
  if (uid != 0) {
    long id = number(uid);
    need(id > 0 ? 0 : -1);
    need(sys2(NR_setgroups, 0, 0));
    need(sys3(NR_setresgid, id, id, id));
    need(sys3(NR_setresuid, id, id, id));
    // a change of uid takes these back
    need(sys5(NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
    need(sys5(NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0));
  }
  need(sys4(NR_prlimit64, 0, RLIMIT_NPROC, none, 0));
  need(sys5(NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  deny_files();
  need(sys3(NR_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0));
}

void platform_send(const uint8_t *bytes, uint32_t length) {
  while (length > 0) {
    long n = sys3(NR_write, LINK, bytes, length);
    if (n == -EINTR) continue;
    if (n <= 0) leave(EXIT_ASKED);
    bytes += n;
    length -= n;
  }
}

void platform_nonce(uint8_t nonce[16]) {
  for (int i = 0; i < NONCE_BYTES && ++random_start[i] == 0; i++) {}
  for (int i = 0; i < NONCE_BYTES; i++) nonce[i] = random_start[i];
}

_Noreturn void platform_halt(void) {
  leave(EXIT_TRAP);
}

const uint8_t *platform_key(void) {
  return 0;
}

__attribute__((used)) void start(long *stack) {
  static u8 bytes[8192];
  const char **argv = (const char **)(stack + 1);
  if (sys3(NR_getrandom, random_start, NONCE_BYTES, 0) != NONCE_BYTES) leave(EXIT_NOT_CONFINED);
  if (stack[0] < 2) leave(EXIT_NOT_CONFINED);
  confine(argv[1], stack[0] > 2 ? argv[2] : 0);
  agent_start();
  for (;;) {
    long n = sys3(NR_read, LINK, bytes, sizeof bytes);
    if (n == -EINTR) continue;
    if (n <= 0) leave(EXIT_ASKED);
    for (long i = 0; i < n; i++) agent_receive(bytes[i]);
  }
}
