// SPDX-License-Identifier: Apache-2.0
// memory-ways MODE WAY: makes code out of data and calls it.
//   mmap      asks for memory that can be written and executed
//   mprotect  makes written memory executable
//   file      maps a file that it may write, and writes, as code
//   shm       attaches System V memory as code
//   personality, personality-bits   READ_IMPLIES_EXEC, plain and hidden among bits without a meaning
#include "attack.h"
#include <sys/personality.h>
#include <sys/shm.h>

// mov eax, 42; ret / mov w0, 42; ret
#if defined(__x86_64__)
static const unsigned char CODE[] = {0xb8, 42, 0, 0, 0, 0xc3};
#else
static const unsigned char CODE[] = {0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6};
#endif
enum { SIZE = 4096 };

static void faulted(int signal) {
  (void)signal;
  static const char text[] = "not executable\n";
  (void)!write(1, text, sizeof text - 1);
  _exit(0);
}

static void *plain(int protection) {
  void *page = mmap(0, SIZE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? 0 : page;
}

static void *of_file(void) {
  int fd = open("written", O_RDWR);
  if (fd < 0 || write(fd, CODE, sizeof CODE) != sizeof CODE || ftruncate(fd, SIZE) != 0) return 0;
  void *page = mmap(0, SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  return page == MAP_FAILED ? 0 : page;
}

static void *of_system_v(void) {
  int id = shmget(IPC_PRIVATE, SIZE, 0700);
  void *page = shmat(id, 0, SHM_EXEC);
  shmctl(id, IPC_RMID, 0);
  return page == (void *)-1 ? 0 : page;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  const char *way = argv[2];
  void *page = 0;
  signal(SIGSEGV, faulted);
  // what is no harm is in the model
  int fd = open("written", O_RDWR);
  if (fd >= 0 && ftruncate(fd, SIZE) != 0) return 3;
  if (!attacking(argc, argv)) return 0;
  if (strcmp(way, "mmap") == 0) page = plain(PROT_READ | PROT_WRITE | PROT_EXEC);
  if (strcmp(way, "mprotect") == 0) page = plain(PROT_READ | PROT_WRITE);
  if (strcmp(way, "file") == 0) page = of_file();
  if (strcmp(way, "shm") == 0) page = of_system_v();
  if (strcmp(way, "personality") == 0) note(way, personality(READ_IMPLIES_EXEC));
  if (strcmp(way, "personality-bits") == 0) note(way, personality(READ_IMPLIES_EXEC | 0x80000000));
  if (strncmp(way, "personality", 11) == 0) page = plain(PROT_READ | PROT_WRITE);
  note(way, page ? 0 : -1);
  if (!page) return 0;
  if (strcmp(way, "file") != 0) memcpy(page, CODE, sizeof CODE);
  if (strcmp(way, "mprotect") == 0) note("mprotect", mprotect(page, SIZE, PROT_READ | PROT_EXEC));
  __builtin___clear_cache(page, (char *)page + sizeof CODE);
  if (((int (*)(void))page)() == 42) harm("data ran as code");
  return 0;
}
