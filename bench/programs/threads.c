// SPDX-License-Identifier: Apache-2.0
// Many processes, each with many threads, that open files as fast as they can. Usage:
//   threads PROCESSES THREADS OPENS FILE...    each thread makes OPENS opens, of the files in turn
// Prints {"opens":..,"ns":..}: all opens, and the time from the first thread's begin to the last one's end.
#define _GNU_SOURCE
#include "measure.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static int opens, files;
static char **names;

static void *work(void *arg) {
  long first = (long)arg;
  for (int i = 0; i < opens; i++) {
    int fd = open(names[(first + i) % files], O_RDONLY);
    if (fd < 0) die(names[(first + i) % files]);
    close(fd);
  }
  return NULL;
}

static int run_process(int index, int threads) {
  pthread_t ids[256];
  for (int t = 1; t < threads; t++)
    if (pthread_create(&ids[t], NULL, work, (void *)(long)(index * threads + t)) != 0) return 1;
  work((void *)(long)(index * threads));
  for (int t = 1; t < threads; t++) pthread_join(ids[t], NULL);
  return 0;
}

int main(int argc, char **argv) {
  int failed = 0, status;
  if (argc < 5) return 98;
  int processes = atoi(argv[1]), threads = atoi(argv[2]);
  opens = atoi(argv[3]);
  names = argv + 4;
  files = argc - 4;
  if (threads < 1 || threads > 256) return 98;
  long long start = now_ns();
  for (int p = 0; p < processes; p++) {
    pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid == 0) _exit(run_process(p, threads));
  }
  while (wait(&status) > 0) failed |= status;
  long long took = now_ns() - start;
  printf("{\"opens\":%lld,\"ns\":%lld}\n", (long long)processes * threads * opens, took);
  return failed ? 1 : 0;
}
