// SPDX-License-Identifier: Apache-2.0
// Warden of containers: galgo-warden CONTROL-FD
// Containers have a parent that is none of Galgo's, so nobody above them notices when the daemon is gone. This process holds what kills
// each of them: a pidfd of its first process, an open cgroup.kill of its group. When the daemon's end of the socket is closed it uses them.
// The messages are described in PROTOCOL.md. No C library: nothing here can fail in a way that is not written here.
#include "syscalls.h"
#include "warden-protocol.h"

enum { NR_pidfd_send_signal = 424, EINTR = 4 };

struct order {
  u32 op, key;
};
struct entry {
  u32 used, key, kind;
  i32 fd;
};

static const u64 ALL_SIGNALS = ~0UL;
static struct entry entries[GALGO_WARDEN_ENTRIES];

static void leave(int status) {
  for (;;) sys1(NR_exit_group, status);
}

static void add(struct order order, i32 fd) {
  for (int i = 0; i < GALGO_WARDEN_ENTRIES; i++) {
    if (entries[i].used) continue;
    entries[i] = (struct entry){1, order.key, order.op, fd};
    return;
  }
  sys1(NR_close, fd); // the daemon counts, and does not come here
}

static void forget(u32 key) {
  for (int i = 0; i < GALGO_WARDEN_ENTRIES; i++) {
    if (!entries[i].used || entries[i].key != key) continue;
    sys1(NR_close, entries[i].fd);
    entries[i].used = 0;
  }
}

// groups first: a process that is killed alone may leave others behind
static void kill_all(void) {
  for (int i = 0; i < GALGO_WARDEN_ENTRIES; i++)
    if (entries[i].used && entries[i].kind == GALGO_WARDEN_GROUP) sys3(NR_write, entries[i].fd, "1", 1);
  for (int i = 0; i < GALGO_WARDEN_ENTRIES; i++)
    if (entries[i].used && entries[i].kind == GALGO_WARDEN_PROCESS) sys4(NR_pidfd_send_signal, entries[i].fd, SIGKILL, 0, 0);
}

static i32 number(const char *text) {
  i32 value = 0;
  for (; *text >= '0' && *text <= '9'; text++) value = 10 * value + (*text - '0');
  return value;
}

__attribute__((used)) void start(long *stack) {
  if (stack[0] != 2) leave(125);
  i32 control = number((char *)stack[2]), merciful = 0;
  // it ends when the daemon does, and when nothing else says so
  sys4(NR_rt_sigprocmask, SIG_SETMASK, &ALL_SIGNALS, 0, 8);
  sys2(NR_prctl, PR_SET_NAME, "galgo-warden");
  sys5(NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  for (;;) {
    struct order order = {0, 0};
    struct iovec part = {&order, sizeof order};
    struct cmsg_fd arrived = {0, 0, 0, -1, -1};
    struct msghdr message = {0, 0, &part, 1, &arrived, sizeof arrived, 0};
    long length = sys3(NR_recvmsg, control, &message, MSG_CMSG_CLOEXEC);
    if (length == -EINTR) continue;
    if (length <= 0) break;
    i32 fd = arrived.type == SCM_RIGHTS && arrived.length >= 20 ? arrived.fd : -1;
    if (length != sizeof order) continue;
    if ((order.op == GALGO_WARDEN_PROCESS || order.op == GALGO_WARDEN_GROUP) && fd >= 0) add(order, fd);
    if (order.op == GALGO_WARDEN_FORGET) forget(order.key);
    if (order.op == GALGO_WARDEN_LEAVE) merciful = order.key != 0;
  }
  if (!merciful) kill_all();
  leave(0);
}
