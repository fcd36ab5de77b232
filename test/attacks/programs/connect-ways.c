// SPDX-License-Identifier: Apache-2.0
// connect-ways MODE WAY ALLOWED FORBIDDEN: talks to 127.0.0.1:ALLOWED, then tries to reach FORBIDDEN, a port or a name.
//   tcp, udp, tcp6   a port
//   unix, abstract   a local socket
//   relative         the learned relative name of a local socket, from the folder FORBIDDEN
//   bind             a port of its own
//   shell            a shell whose input and output are the allowed connection
//   pass             a descriptor of the file FORBIDDEN, passed to another process
#include "attack.h"
#include <netinet/in.h>
#include <sys/un.h>

static int tcp(int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? fd : -1;
}

static int tcp6(int port) {
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
  to.sin6_addr = in6addr_loopback;
  int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? fd : -1;
}

static long udp(int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
}

static int local(const char *name, int abstract) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  strncpy(to.sun_path + abstract, name, sizeof to.sun_path - 2);
  socklen_t size = abstract ? (socklen_t)(sizeof to.sun_family + 1 + strlen(name)) : sizeof to;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return connect(fd, (struct sockaddr *)&to, size) == 0 ? fd : -1;
}

static int bound(int port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return bind(fd, (struct sockaddr *)&at, sizeof at);
}

static void shell(int port) {
  int fd = tcp(port);
  if (fd < 0) return;
  for (int i = 0; i < 3; i++) dup2(fd, i);
  execl("/bin/sh", "sh", "-i", (char *)0);
}

static int receiver(void *context) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  char byte;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  if (recvmsg(*(int *)context, &message, 0) != 1 || message.msg_controllen == 0) return 1;
  int fd;
  memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
  show(fd);
  return 0;
}

static void pass(const char *path) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  struct iovec part = {"x", 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  int ends[2], fd = open(path, O_RDONLY);
  if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return;
  pid_t pid = child(receiver, &ends[1]);
  memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
  sendmsg(ends[0], &message, 0);
  ended(pid);
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const char *way = argv[2], *forbidden = argv[4];
  int allowed = atoi(argv[3]), port = atoi(forbidden), attack = attacking(argc, argv);
  long result = 0;
  if (allowed > 0) result = tcp(allowed);
  note("allowed", result);
  if (strcmp(way, "udp") == 0) udp(allowed);
  if (strcmp(way, "bind") == 0) bound(port + 1);
  if (strcmp(way, "tcp6") == 0) close(socket(AF_INET6, SOCK_STREAM, 0));
  if (strcmp(way, "unix") == 0 || strcmp(way, "abstract") == 0) close(socket(AF_UNIX, SOCK_STREAM, 0));
  if (strcmp(way, "pass") == 0) pass(attack ? forbidden : "allowed");
  if (strcmp(way, "relative") == 0) {
    if (attack && chdir(forbidden) != 0) return 3;
    result = local("name", 0);
    if (attack && result >= 0) harm("another socket of the same relative name was reached");
  }
  if (!attack) return 0;
  if (strcmp(way, "tcp") == 0) result = tcp(port);
  if (strcmp(way, "tcp6") == 0) result = tcp6(port);
  if (strcmp(way, "udp") == 0) result = udp(port);
  if (strcmp(way, "unix") == 0) result = local(forbidden, 0);
  if (strcmp(way, "abstract") == 0) result = local(forbidden, 1);
  if (strcmp(way, "bind") == 0) result = bound(port);
  if (strcmp(way, "shell") == 0) shell(allowed);
  note(way, result);
  return 0;
}
