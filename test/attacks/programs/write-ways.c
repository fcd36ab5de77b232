// SPDX-License-Identifier: Apache-2.0
// write-ways MODE WAY LOG TARGET: appends to LOG, then tries to change TARGET.
#include "attack.h"
#include <sys/xattr.h>
#include <utime.h>

static void append(int fd, const char *text) {
  if (fd < 0) return;
  (void)!write(fd, text, strlen(text));
  close(fd);
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const char *way = argv[2], *log = argv[3], *target = argv[4];
  append(open(log, O_WRONLY | O_APPEND), "line\n");
  if (!attacking(argc, argv)) return 0;
  long result = -1;
  if (strcmp(way, "append") == 0) append((int)(result = open(target, O_WRONLY | O_APPEND)), "HARM\n");
  if (strcmp(way, "truncating") == 0) result = open(target, O_WRONLY | O_TRUNC);
  if (strcmp(way, "reading-truncating") == 0) result = open(target, O_RDONLY | O_TRUNC);
  if (strcmp(way, "creating") == 0) result = creat(target, 0600);
  if (strcmp(way, "truncate") == 0) result = truncate(target, 0);
  if (strcmp(way, "unlink") == 0) result = unlink(target);
  if (strcmp(way, "rename") == 0) result = rename(log, target);
  if (strcmp(way, "exchange") == 0) result = renameat2(AT_FDCWD, log, AT_FDCWD, target, RENAME_EXCHANGE);
  if (strcmp(way, "chmod") == 0) result = chmod(target, 0777);
  if (strcmp(way, "chown") == 0) result = lchown(target, 12345, 12345);
  if (strcmp(way, "setxattr") == 0) result = setxattr(target, "user.x", "y", 1, 0);
  if (strcmp(way, "link") == 0) result = link(target, "another");
  if (strcmp(way, "symlink") == 0) append(open("link", O_WRONLY | O_APPEND), "HARM\n");
  note(way, result);
  return 0;
}
