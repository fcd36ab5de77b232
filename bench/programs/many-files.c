// SPDX-License-Identifier: Apache-2.0
// Opens every file of a directory once, by name (f0, f1, ...): each open is a behaviour of its own.
// Usage: many-files DIRECTORY COUNT. Prints {"opens":..,"ns":..}.
#include "measure.h"
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv) {
  char path[4096];
  if (argc < 3) return 98;
  int count = atoi(argv[2]);
  long long start = now_ns();
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/f%d", argv[1], i);
    int fd = open(path, O_RDONLY);
    if (fd < 0) die(path);
    close(fd);
  }
  printf("{\"opens\":%d,\"ns\":%lld}\n", count, now_ns() - start);
  return 0;
}
