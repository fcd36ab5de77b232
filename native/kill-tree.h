// SPDX-License-Identifier: Apache-2.0
// One pass of SIGKILL over everything below this process. The caller repeats it until no child is left: as this process
// is a child subreaper, whatever a pass misses (a fork at the wrong moment) becomes its child when the parent dies.
#ifndef GALGO_KILL_TREE_H
#define GALGO_KILL_TREE_H

#include "syscalls.h"

enum { MAX_QUEUE = 32768, MAX_PID = 1 << 22 };

// Children of this process that are left alone, with all below them. 0: there are none.
static int (*is_spared)(int pid);

static char *put_text(char *to, const char *text) {
  while (*text) *to++ = *text++;
  *to = 0;
  return to;
}

static char *put_number(char *to, u64 value) {
  char digits[20];
  int count = 0;
  do digits[count++] = '0' + value % 10;
  while (value /= 10);
  while (count) *to++ = digits[--count];
  *to = 0;
  return to;
}

// the value of a decimal number, or -1 when the text is not one
static int to_number(const char *text) {
  int value = 0;
  if (!*text) return -1;
  for (; *text; text++) {
    if (*text < '0' || *text > '9' || value > MAX_PID) return -1;
    value = value * 10 + (*text - '0');
  }
  return value;
}

static long open_file(const char *path, int flags) {
  return sys4(NR_openat, AT_FDCWD, path, flags | O_CLOEXEC | O_NOCTTY, 0);
}

// --- where the kernel lists children (CONFIG_PROC_CHILDREN): cost follows the size of the workload ---------------------

static u32 queue[MAX_QUEUE];
static u32 queued;

static void queue_children_of_task(int pid, int task) {
  char path[64], text[4096];
  put_text(put_number(put_text(put_number(put_text(path, "/proc/"), pid), "/task/"), task), "/children");
  long fd = open_file(path, O_RDONLY);
  if (fd < 0) return;
  u32 number = 0;
  for (;;) {
    long length = sys3(NR_read, fd, text, sizeof text);
    if (length <= 0) break;
    for (long i = 0; i < length; i++) {
      if (text[i] != ' ') number = number * 10 + (text[i] - '0');
      else if (number) {
        if (queued < MAX_QUEUE) queue[queued++] = number;
        number = 0;
      }
    }
  }
  sys1(NR_close, fd);
}

// calls `each(number, context)` for every entry of a directory whose name is a number
static void each_number(const char *path, void (*each)(int number, int context), int context) {
  static u64 buffers[2][512]; // used at two depths at most: /proc, or /proc/PID/task
  char *buffer = (char *)buffers[context != 0];
  long fd = open_file(path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return;
  for (;;) {
    long length = sys3(NR_getdents64, fd, buffer, sizeof buffers[0]);
    if (length <= 0) break;
    for (long at = 0; at < length;) {
      struct dirent *entry = (struct dirent *)(buffer + at);
      int number = to_number(entry->name);
      if (number > 0) each(number, context);
      at += entry->length;
    }
  }
  sys1(NR_close, fd);
}

static void queue_task(int task, int pid) { queue_children_of_task(pid, task); }

static void queue_children(int pid) {
  char path[64];
  put_text(put_number(put_text(path, "/proc/"), pid), "/task");
  each_number(path, queue_task, pid);
}

static u32 kill_by_children(int self) {
  u32 children = 0;
  queued = 0;
  queue_children(self);
  for (u32 i = 0; i < queued; i++)
    if (!is_spared || !is_spared(queue[i])) queue[children++] = queue[i];
  queued = children;
  for (u32 i = 0; i < queued; i++) {
    queue_children(queue[i]);
    sys2(NR_kill, queue[i], SIGKILL);
  }
  return queued;
}

// --- elsewhere: every process's parent; /proc is in order of pid, so parents mostly come before their children ----------

static u64 in_tree[MAX_PID / 64];
static u32 killed;

static int parent_of(int pid) {
  char path[64], text[512];
  put_text(put_number(put_text(path, "/proc/"), pid), "/stat");
  long fd = open_file(path, O_RDONLY);
  if (fd < 0) return -1;
  long length = sys3(NR_read, fd, text, sizeof text - 1);
  sys1(NR_close, fd);
  // "pid (name) state ppid ...": the name may hold anything, a ')' too
  while (length > 0 && text[length - 1] != ')') length--;
  if (length <= 0) return -1;
  int parent = 0;
  for (char *digit = text + length + 3; *digit >= '0' && *digit <= '9'; digit++) parent = parent * 10 + (*digit - '0');
  return parent;
}

static void kill_if_below(int pid, int context) {
  (void)context;
  int parent = pid < MAX_PID ? parent_of(pid) : -1;
  if (parent <= 0 || !(in_tree[parent / 64] >> (parent % 64) & 1)) return;
  if (is_spared && parent == sys0(NR_getpid) && is_spared(pid)) return;
  killed++;
  in_tree[pid / 64] |= 1UL << (pid % 64);
  sys2(NR_kill, pid, SIGKILL);
}

static u32 kill_by_parents(int self) {
  killed = 0;
  for (u32 i = 0; i < MAX_PID / 64; i++) {
    in_tree[i] = 0;
    __asm__ volatile("" ::: "memory"); // or the compiler calls memset, which is not there
  }
  in_tree[self / 64] = 1UL << (self % 64);
  each_number("/proc", kill_if_below, 0);
  return killed;
}

// how many processes got the signal
static u32 kill_tree(int self) {
  char path[64];
  put_text(put_number(put_text(put_number(put_text(path, "/proc/"), self), "/task/"), self), "/children");
  long fd = open_file(path, O_RDONLY);
  if (fd < 0) return kill_by_parents(self);
  sys1(NR_close, fd);
  return kill_by_children(self);
}

#endif
