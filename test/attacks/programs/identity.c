// SPDX-License-Identifier: Apache-2.0
// identity MODE SECRET [STAGE]: one program at two places of the chain. The first instance executes itself; the second may
// read SECRET, the first may not (or the other way round with the roles named in STAGE). Ways to look like the other one:
//   fake-exec   the first fails to exec itself (its arguments can not be read) and then opens
//   sibling     the second makes a sibling of itself, execs something else, and the sibling opens what the first may open
#include "attack.h"

static const char *self = "/proc/self/exe";

static void open_secret(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  note("open", fd);
  show(fd);
}

static int become_second(void *context) {
  char **argv = context;
  execv(self, argv);
  return 9;
}

static int reader(void *path) {
  open_secret(path);
  return 0;
}

static int pretender(void *path) {
  syscall(SYS_execve, self, 8, 8);
  note("execve with unreadable arguments", -1);
  open_secret(path);
  return 0;
}

// a process that the parent of the caller is the parent of
static pid_t sibling(void) { return (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0); }

static void first(int argc, char **argv, const char *trick) {
  char *second[] = {argv[0], argv[1], argv[2], "second-reads", 0};
  if (strcmp(trick, "fake-exec") == 0) {
    if (attacking(argc, argv)) ended(child(pretender, argv[2]));
    else ended(child(become_second, second));
    return;
  }
  second[3] = "second-execs";
  if (!attacking(argc, argv)) ended(child(reader, argv[2]));
  ended(child(become_second, second));
  while (wait(0) > 0); // the sibling
}

static void second_execs(int argc, char **argv) {
  if (attacking(argc, argv)) {
    int wait_for[2];
    if (pipe(wait_for) != 0) return;
    if (sibling() == 0) {
      char byte;
      close(wait_for[1]);
      (void)!read(wait_for[0], &byte, 1); // until the exec has closed the other end
      usleep(100000);
      printf("sibling (parent %d): ", getppid());
      open_secret(argv[2]);
      fflush(stdout);
      _exit(0);
    }
    fcntl(wait_for[1], F_SETFD, FD_CLOEXEC);
    close(wait_for[0]);
  }
  execl("/bin/true", "true", (char *)0);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  if (strcmp(argv[3], "second-reads") == 0) {
    printf("second: ");
    open_secret(argv[2]);
  } else if (strcmp(argv[3], "second-execs") == 0) {
    second_execs(argc, argv);
  } else {
    first(argc, argv, argv[3]);
  }
  return 0;
}
