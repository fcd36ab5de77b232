// SPDX-License-Identifier: Apache-2.0
// open-ways MODE WAY ALLOWED SECRET [PID]: reads ALLOWED, then tries to read SECRET on a way around its name.
#include "attack.h"
#include <sys/file.h>

struct how {
  uint64_t flags, mode, resolve;
};

static int with_prefix(const char *prefix, const char *path) {
  char whole[4200];
  snprintf(whole, sizeof whole, "%s%s", prefix, path);
  return open(whole, O_RDONLY);
}

static int in_root_of(const char *pid, const char *path) {
  char prefix[64];
  snprintf(prefix, sizeof prefix, "/proc/%s/root", pid);
  return with_prefix(prefix, path);
}

// a descriptor that gives no access, opened again through /proc
static int reopened(const char *path) {
  int fd = open(path, O_PATH);
  note("O_PATH", fd);
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  return open(name, O_RDONLY);
}

static int in_root(const char *path) {
  struct how how = {O_RDONLY, 0, 0x10};
  int root = open("/", O_PATH | O_DIRECTORY);
  return (int)syscall(__NR_openat2, root, path, &how, sizeof how);
}

static int by_handle(const char *path) {
  union {
    struct file_handle handle;
    char room[sizeof(struct file_handle) + 128];
  } place;
  int mount_id;
  place.handle.handle_bytes = 128;
  note("name_to_handle_at", name_to_handle_at(AT_FDCWD, path, &place.handle, &mount_id, 0));
  return open_by_handle_at(AT_FDCWD, &place.handle, O_RDONLY);
}

static int hard_linked(const char *path) {
  note("link", link(path, "hard"));
  return open("hard", O_RDONLY);
}

static int renamed(const char *path, const char *allowed) {
  note("rename", rename(path, allowed));
  return open(allowed, O_RDONLY);
}

static int below(const char *path) {
  char name[64];
  int fd = open("/", O_PATH | O_DIRECTORY);
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  return with_prefix(name, path);
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const char *way = argv[2], *allowed = argv[3], *secret = argv[4];
  read_once(allowed);
  if (!attacking(argc, argv)) return 0;
  int fd = -1;
  if (strcmp(way, "plain") == 0) fd = open(secret, O_RDONLY);
  if (strcmp(way, "own-root") == 0) fd = with_prefix("/proc/self/root", secret);
  if (strcmp(way, "other-root") == 0) fd = in_root_of(argv[5], secret);
  if (strcmp(way, "below-fd") == 0) fd = below(secret);
  if (strcmp(way, "reopen") == 0) fd = reopened(secret);
  if (strcmp(way, "in-root") == 0) fd = in_root(secret);
  if (strcmp(way, "handle") == 0) fd = by_handle(secret);
  if (strcmp(way, "hard-link") == 0) fd = hard_linked(secret);
  if (strcmp(way, "rename") == 0) fd = renamed(secret, allowed);
  note(way, fd);
  show(fd);
  return 0;
}
