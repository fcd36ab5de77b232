// SPDX-License-Identifier: Apache-2.0
// Runs a command and writes what it used: {"cpuUs":..,"maxRssKib":..,"status":..}, its own threads and waited-for children included.
// Usage: usage OUTPUT COMMAND...   Exit status: the command's.
#include "measure.h"
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static long long us(struct timeval t) { return t.tv_sec * 1000000LL + t.tv_usec; }

int main(int argc, char **argv) {
  int status;
  struct rusage used;
  if (argc < 3) return 98;
  pid_t pid = fork();
  if (pid == 0) {
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  if (pid < 0 || wait4(pid, &status, 0, &used) != pid) die("fork");
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  FILE *out = fopen(argv[1], "w");
  if (out == NULL) die(argv[1]);
  fprintf(out, "{\"cpuUs\":%lld,\"maxRssKib\":%ld,\"status\":%d}\n", us(used.ru_utime) + us(used.ru_stime), used.ru_maxrss, code);
  return fclose(out) == 0 ? code : 99;
}
