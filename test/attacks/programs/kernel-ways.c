// SPDX-License-Identifier: Apache-2.0
// kernel-ways MODE WAY SECRET: asks the kernel in ways that a filter could overlook.
//   io_uring    opens SECRET through a ring, with no openat
//   int80       opens SECRET through the 32-bit entry point
//   x32         opens SECRET by its number of the x32 entry point
//   clone3      makes a process whose flags are in memory
//   set-exe     says of itself that it runs another program
//   name        gives itself the name of another program, then opens SECRET
//   terminal    types into the terminal
//   core        lets the kernel write a core file into the working directory
//   keys        adds a key, asks for one
//   modules     loads a module
#include "attack.h"
#include <linux/io_uring.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static void by_ring(const char *path) {
  struct io_uring_params parameters = {0};
  int ring = (int)syscall(SYS_io_uring_setup, 4, &parameters);
  note("io_uring_setup", ring);
  if (ring < 0) return;
  char *queue = mmap(0, parameters.sq_off.array + 16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
  struct io_uring_sqe *entries = mmap(0, 4 * sizeof *entries, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
  char *done = mmap(0, parameters.cq_off.cqes + 8 * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_CQ_RING);
  if (queue == MAP_FAILED || (void *)entries == MAP_FAILED || done == MAP_FAILED) return;
  memset(entries, 0, sizeof *entries);
  entries->opcode = IORING_OP_OPENAT;
  entries->fd = AT_FDCWD;
  entries->addr = (uint64_t)path;
  entries->open_flags = O_RDONLY;
  *(unsigned *)(queue + parameters.sq_off.array) = 0;
  __atomic_store_n((unsigned *)(queue + parameters.sq_off.tail), 1, __ATOMIC_RELEASE);
  note("io_uring_enter", syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0));
  show(((struct io_uring_cqe *)(done + parameters.cq_off.cqes))->res);
}

#if defined(__x86_64__)
// the 32-bit entry points take addresses below 4 GiB
static char *low(const char *path) {
  char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (page == MAP_FAILED) return 0;
  strcpy(page, path);
  return page;
}

static void by_int80(const char *path) {
  long fd;
  __asm__ volatile("int $0x80" : "=a"(fd) : "a"(5), "b"(low(path)), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
  note("int 0x80 open", fd);
  show((int)fd);
}

static void by_x32(const char *path) {
  long fd = syscall(0x40000000 + 2, low(path), O_RDONLY, 0);
  note("x32 open", fd);
  show((int)fd);
}
#else
static void by_int80(const char *path) { (void)path; }
static void by_x32(const char *path) { (void)path; }
#endif

static void by_clone3(const char *path) {
  uint64_t arguments[8] = {0, 0, 0, 0, SIGCHLD, 0, 0, 0};
  long pid = syscall(SYS_clone3, arguments, sizeof arguments);
  if (pid == 0) {
    show(open(path, O_RDONLY));
    _exit(0);
  }
  note("clone3", pid);
  if (pid > 0) ended((pid_t)pid);
  show(open(path, O_RDONLY));
}

static void as_another(const char *path) {
  int fd = open("/bin/true", O_RDONLY);
  note("PR_SET_MM_EXE_FILE", prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, fd, 0, 0));
  show(open(path, O_RDONLY));
}

static void with_name(const char *path) {
  note("PR_SET_NAME", prctl(PR_SET_NAME, "cat", 0, 0, 0));
  show(open(path, O_RDONLY));
}

static void into_terminal(void) {
  char typed = 'x';
  int terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  long result = ioctl(terminal, TIOCSTI, &typed);
  note("TIOCSTI", result);
  if (result == 0) harm("typed into a terminal");
}

static void core_file(void) {
  struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
  note("setrlimit", syscall(SYS_setrlimit, RLIMIT_CORE, &limit));
  note("prlimit64", syscall(SYS_prlimit64, 0, RLIMIT_CORE, &limit, 0));
  abort();
}

static void keys(void) {
  note("request_key", syscall(SYS_request_key, "user", "galgo-test", 0, 0));
  note("add_key", syscall(SYS_add_key, "user", "galgo-test", "x", 1, -2));
  if (syscall(SYS_request_key, "user", "galgo-test", 0, 0) > 0) harm("a key was added");
}

static void module(void) {
  long result = syscall(SYS_init_module, "", 0, "");
  note("init_module", result);
  result = syscall(SYS_finit_module, 0, "", 0);
  note("finit_module", result);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *way = argv[2], *secret = argv[3];
  int fd = open("/bin/true", O_RDONLY);
  close(fd);
  fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  close(fd);
  if (!attacking(argc, argv)) return 0;
  if (strcmp(way, "io_uring") == 0) by_ring(secret);
  if (strcmp(way, "int80") == 0) by_int80(secret);
  if (strcmp(way, "x32") == 0) by_x32(secret);
  if (strcmp(way, "clone3") == 0) by_clone3(secret);
  if (strcmp(way, "set-exe") == 0) as_another(secret);
  if (strcmp(way, "name") == 0) with_name(secret);
  if (strcmp(way, "terminal") == 0) into_terminal();
  if (strcmp(way, "core") == 0) core_file();
  if (strcmp(way, "keys") == 0) keys();
  if (strcmp(way, "modules") == 0) module();
  return 0;
}
