// SPDX-License-Identifier: Apache-2.0
// Runs a command and writes how long it took, as seen from inside the workload (ns, from before fork to after wait).
// Usage: timed OUTPUT COMMAND...   Exit status: the command's.
#include "measure.h"
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int status;
  if (argc < 3) return 98;
  long long start = now_ns();
  pid_t pid = fork();
  if (pid == 0) {
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid) die("fork");
  long long took = now_ns() - start;
  FILE *out = fopen(argv[1], "w");
  if (out == NULL || fprintf(out, "%lld\n", took) < 0 || fclose(out) != 0) die(argv[1]);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
