// SPDX-License-Identifier: Apache-2.0
// own-sandbox MODE WAY ALLOWED: the program forbids itself all files with Landlock, and then tries to open ALLOWED, which the model
// allows it (it has read it before). Whoever opens files for the program must not lift what the program has put on itself.
#include "attack.h"
#include <linux/landlock.h>
#include <sys/prctl.h>

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  read_once(argv[3]);
  struct landlock_ruleset_attr handled = {.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE};
  int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (rules < 0 || syscall(SYS_landlock_restrict_self, rules, 0) != 0) {
    printf("no Landlock\n");
    return 0;
  }
  fflush(stdout);
  int fd = -1;
  pid_t pid = fork();
  if (pid == 0) {
    if (strcmp(argv[2], "write") == 0) fd = open("new", O_WRONLY | O_CREAT, 0600);
    else fd = open(argv[3], O_RDONLY);
    note("open", fd);
    if (fd >= 0) harm("the sandbox of the program was lifted");
    if (strcmp(argv[2], "remove") == 0 && unlink(argv[3]) == 0) harm("a file was removed in spite of the sandbox");
    fflush(stdout);
    _exit(0);
  }
  ended(pid);
  return 0;
}
