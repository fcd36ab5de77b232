// SPDX-License-Identifier: Apache-2.0
// What the hostile programs share. Each is called with "learn" or "attack" and its parameters: both do the harmless
// part, "attack" then does the hostile one. What an attack obtains goes to standard output, where the test looks for it.
#ifndef ATTACK_H
#define ATTACK_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __NR_openat2
#define __NR_openat2 437
#endif

static inline int attacking(int argc, char **argv) { return argc > 1 && strcmp(argv[1], "attack") == 0; }

// the attack went through; the test fails when it sees this
static inline void harm(const char *what) {
  printf("HARM %s\n", what);
  fflush(stdout);
}

// what the program was answered, for people who read the test's output
static inline void note(const char *what, long result) {
  printf("%s: %ld (%s)\n", what, result, result < 0 ? strerror(errno) : "ok");
  fflush(stdout);
}

// copies what a descriptor gives to standard output: the test knows the secret when it sees it
static inline void show(int fd) {
  char text[512];
  ssize_t size;
  if (fd < 0) return;
  while ((size = read(fd, text, sizeof text)) > 0)
    if (write(1, text, (size_t)size) != size) return;
}

static inline int read_once(const char *path) {
  char text[64];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t size = read(fd, text, sizeof text);
  close(fd);
  return size < 0 ? -1 : 0;
}

static inline void *shared_memory(size_t size) {
  void *memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) exit(3);
  return memory;
}

// a child that does `work` and ends; its status is what `work` returned
static inline pid_t child(int (*work)(void *), void *context) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    int status = work(context);
    fflush(stdout);
    _exit(status);
  }
  return pid;
}

static inline int ended(pid_t pid) {
  int status = 0;
  if (pid <= 0 || waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Races: `rewrite` runs in a process of its own and never ends; `once` is called `tries` times. A process that was refused is
// untrusted from then on, so the next one goes on: `once` says with 1 that it was refused.
struct race {
  int tries, refused;
};

static inline void race(int tries, void (*rewrite)(void), int (*once)(void)) {
  struct race *race = shared_memory(sizeof *race);
  race->tries = tries;
  fflush(stdout);
  pid_t writer = fork();
  if (writer == 0) rewrite();
  while (race->tries > 0) {
    pid_t pid = fork();
    if (pid < 0) break;
    if (pid == 0) {
      while (race->tries-- > 0 && once() == 0);
      fflush(stdout);
      _exit(race->tries > 0);
    }
    race->refused += ended(pid) == 1;
  }
  kill(writer, SIGKILL);
  ended(writer);
  note("tries that were refused", race->refused);
}

#endif
