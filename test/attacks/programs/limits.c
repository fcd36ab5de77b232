// SPDX-License-Identifier: Apache-2.0
// limits MODE WAY ALLOWED SECRET: goes to the limits of the kernel, then tries SECRET.
//   fork         forks until it may not any more; all of it stays (the test sets RLIMIT_NPROC)
//   descriptors  10,000 opens without a close, with 64 descriptors allowed
//   paths        names of 4,095 and 4,096 bytes, and of many components
//   arguments    argument vectors around the kernel's limit
//   names        creates files with hostile names, and takes hostile names itself
#include "attack.h"
#include <sys/prctl.h>
#include <sys/resource.h>

static void fork_bomb(void) {
  int made = 0;
  for (;;) {
    pid_t pid = fork();
    if (pid < 0) break;
    if (pid == 0)
      for (;;) pause();
    made++;
  }
  note("forked", made);
}

static void many_descriptors(const char *allowed) {
  struct rlimit limit = {64, 64};
  setrlimit(RLIMIT_NOFILE, &limit);
  int opened = 0, full = 0;
  for (int i = 0; i < 10000; i++) {
    if (open(allowed, O_RDONLY) >= 0) opened++;
    else if (errno == EMFILE) full++;
  }
  note("opened", opened);
  note("too many", full);
  for (int fd = 3; fd < 64; fd++) close(fd);
}

static void long_paths(const char *allowed) {
  static char path[8192];
  size_t tail = strlen(allowed);
  // one byte less than the limit with the NUL, then the limit, then beyond
  for (int excess = -1; excess <= 1; excess++) {
    size_t size = (size_t)(4095 + excess - (int)tail);
    memset(path, '/', size);
    for (size_t i = 0; i + 1 < size; i += 2) memcpy(path + i, "./", 2);
    strcpy(path + size, allowed);
    note("long path", open(path, O_RDONLY));
  }
  memset(path, 'a', sizeof path - 1);
  note("longer than a page", open(path, O_RDONLY));
  note("unreadable", open((const char *)8, O_RDONLY));
}

static void long_arguments(const char *allowed) {
  static char text[131072 + 16];
  memset(text, 'x', sizeof text - 1);
  for (int size = 131070; size <= 131073; size++) {
    text[size] = 0;
    pid_t pid = fork();
    if (pid == 0) {
      execl("/bin/true", "true", text, (char *)0);
      _exit(errno == E2BIG ? 7 : 8);
    }
    note("arguments of one string", ended(pid));
    text[size] = 'x';
  }
  static char *many[200002];
  text[100] = 0;
  for (int i = 0; i < 200000; i++) many[i] = text;
  pid_t pid = fork();
  if (pid == 0) {
    execv("/bin/true", many);
    _exit(errno == E2BIG ? 7 : 8);
  }
  note("arguments of many strings", ended(pid));
  read_once(allowed);
}

static const char *const NAMES[] = {
  "two\nlines", "\x1b[31mred\x1b[0m", "\x1b]0;title\a", "right\xe2\x80\xaeleft", "not-utf8-\xff\xfe", "quote\"and\\slash",
  "\r\ngalgo: all is well", "tab\there", "{\"event\": {}}, \"galgo\": {}", "nul-less\x01\x02", "\xc2\x9b" "31mcsi",
};

static void hostile_names(const char *secret) {
  for (unsigned i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_NAME, NAMES[i], 0, 0, 0);
      note("create", open(NAMES[i], O_RDWR | O_CREAT, 0600));
      _exit(0);
    }
    ended(pid);
    // what exists has its name from the kernel
    pid = fork();
    if (pid == 0) {
      prctl(PR_SET_NAME, NAMES[i], 0, 0, 0);
      char name[128];
      snprintf(name, sizeof name, "there/%s", NAMES[i]);
      note("open", open(name, O_RDONLY));
      _exit(0);
    }
    ended(pid);
  }
  show(open(secret, O_RDONLY));
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const char *way = argv[2], *allowed = argv[3], *secret = argv[4];
  read_once(allowed);
  ended(child((int (*)(void *))(void *)read_once, (void *)allowed));
  if (strcmp(way, "arguments") == 0) long_arguments(allowed);
  if (!attacking(argc, argv)) return 0;
  if (strcmp(way, "fork") == 0) fork_bomb();
  if (strcmp(way, "descriptors") == 0) many_descriptors(allowed);
  if (strcmp(way, "paths") == 0) long_paths(allowed);
  if (strcmp(way, "names") == 0) hostile_names(secret);
  else show(open(secret, O_RDONLY));
  return 0;
}
