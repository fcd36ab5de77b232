// SPDX-License-Identifier: Apache-2.0
// Reads the FIFO of spawn100 until its last writer is gone. Usage: watch-end FIFO
// Prints {"ns":..,"pids":[..]}: time from the message {0, time} to the end of file, and who was there.
#include "measure.h"
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct {
    int64_t pid, ns;
  } m;
  long long from = 0;
  int count = 0;
  if (argc < 2) return 98;
  int fifo = open(argv[1], O_RDONLY);
  if (fifo < 0) die(argv[1]);
  printf("{\"pids\":[");
  while (read(fifo, &m, sizeof m) == sizeof m) {
    if (m.pid == 0) from = m.ns;
    else printf("%s%lld", count++ ? "," : "", (long long)m.pid);
  }
  long long end = now_ns();
  printf("],\"ns\":%lld}\n", from == 0 ? -1 : end - from);
  return 0;
}
