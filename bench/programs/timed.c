// SPDX-License-Identifier: Apache-2.0
// Runs a command and writes how long it took, as seen from inside the workload (ns, from before fork to after wait).
// Usage: timed OUTPUT RESET COMMAND...   RESET is a shell command that is run before (not timed); empty: none.
// Exit status: the command's.
#include "measure.h"
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int status;
  if (argc < 4) return 98;
  if (argv[2][0] != 0 && system(argv[2]) != 0) return 97;
  long long start = now_ns();
  pid_t pid = fork();
  if (pid == 0) {
    execvp(argv[3], argv + 3);
    _exit(127);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid) die("fork");
  long long took = now_ns() - start;
  FILE *out = fopen(argv[1], "w");
  if (out == NULL || fprintf(out, "%lld\n", took) < 0 || fclose(out) != 0) die(argv[1]);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
