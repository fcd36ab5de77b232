// SPDX-License-Identifier: Apache-2.0
// race-open MODE WAY ALLOWED SECRET TRIES: opens a path again and again while it is made to mean something else, and looks
// at what it has got.
//   string  another process rewrites the path in shared memory; the two names are of one length
//   path    ALLOWED is opened as it is: somebody outside exchanges what is there
#include "attack.h"

static char *shared;
static const char *allowed, *secret, *way;

static void rewrite(void) {
  size_t length = strlen(allowed);
  for (unsigned turn = 1;; turn++) {
    memcpy(shared, secret, length);
    for (volatile unsigned i = 0; i < turn % 4096; i++);
    memcpy(shared, allowed, length);
    for (volatile unsigned i = 0; i < turn % 8192; i++);
  }
}

static int once(void) {
  char text[16] = "";
  int fd = open(shared, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == EPERM;
  ssize_t size = read(fd, text, sizeof text);
  if (size < 7 || memcmp(text, "allowed", 7) != 0) {
    harm("a file was opened that is not allowed");
    if (lseek(fd, 0, SEEK_SET) == 0) show(fd);
  }
  close(fd);
  return 0;
}

static void rest(void) {
  for (;;) pause();
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  way = argv[2];
  allowed = argv[3];
  secret = argv[4];
  int racing = attacking(argc, argv) && strcmp(way, "string") == 0;
  shared = shared_memory(4096);
  strcpy(shared, allowed);
  race(attacking(argc, argv) ? atoi(argv[5]) : 3, racing ? rewrite : rest, once);
  return 0;
}
