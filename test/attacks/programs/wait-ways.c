// SPDX-License-Identifier: Apache-2.0
// wait-ways MODE WAY FILE: lets the supervision wait for something that does not come.
//   lease   a lease on a file that another process opens; the break is ignored
//   memory  a path in memory that is not there until the attacker says so (userfaultfd)
//   fifo    a FIFO that nobody writes to, opened by one process while others go on
#include "attack.h"
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

static int opener(void *path) {
  note("open", open(path, O_RDONLY));
  return 0;
}

static void with_lease(const char *path) {
  int fd = open(path, O_RDWR);
  signal(SIGIO, SIG_IGN);
  note("lease", fcntl(fd, F_SETLEASE, F_WRLCK));
  pid_t pid = child(opener, (void *)path);
  // the opener waits for the lease, everybody else is served meanwhile
  for (int i = 0; i < 20; i++) read_once("/dev/null");
  printf("served meanwhile\n");
  fflush(stdout);
  fcntl(fd, F_SETLEASE, F_UNLCK);
  ended(pid);
}

static void in_missing_memory(void) {
  char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
  struct uffdio_api api = {.api = UFFD_API};
  struct uffdio_register range = {.range = {(uint64_t)page, 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
  note("userfaultfd", fd);
  if (fd < 0) return;
  if (ioctl(fd, UFFDIO_API, &api) != 0 || ioctl(fd, UFFDIO_REGISTER, &range) != 0) return;
  note("open", open(page, O_RDONLY));
}

static void with_fifo(const char *path) {
  pid_t pid = child(opener, (void *)path);
  for (int i = 0; i < 20; i++) read_once("/dev/null");
  printf("served meanwhile\n");
  fflush(stdout);
  int fd = open(path, O_WRONLY);
  ended(pid);
  close(fd);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *way = argv[2];
  int attack = attacking(argc, argv);
  if (strcmp(way, "lease") == 0) {
    if (attack) with_lease(argv[3]);
    else {
      close(open(argv[3], O_RDWR));
      ended(child(opener, argv[3]));
      read_once("/dev/null");
    }
  }
  if (strcmp(way, "fifo") == 0) with_fifo(argv[3]);
  if (strcmp(way, "memory") == 0) {
    if (attack) in_missing_memory();
    else close((int)syscall(SYS_userfaultfd, O_CLOEXEC));
  }
  return 0;
}
