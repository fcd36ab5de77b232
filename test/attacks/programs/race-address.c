// SPDX-License-Identifier: Apache-2.0
// race-address MODE WAY ALLOWED-PORT FORBIDDEN-PORT TRIES: another process rewrites, in shared memory, the address that a call
// takes, between one that is allowed, or none, and one that is not. The test listens at both ports of 127.0.0.1.
//   connect      TCP to the allowed port
//   connect-udp  UDP to the allowed port, then a plain send
//   unspec       connect to an address without a family, which only dissolves an association and is no event
//   sendto       UDP to the allowed port
//   sendmsg      UDP through a connected socket without a name, which is no event
#include "attack.h"
#include <netinet/in.h>

static struct shared {
  volatile struct sockaddr_in address;
  struct msghdr message;
  struct iovec part;
  char byte;
} *shared;
static const char *way;
static int ports[2];

static int is(const char *name) { return strcmp(way, name) == 0; }

static void aim(int forbidden) {
  shared->address.sin_port = htons((uint16_t)ports[forbidden]);
  if (is("unspec")) shared->address.sin_family = forbidden ? AF_INET : AF_UNSPEC;
  if (is("sendmsg")) shared->message.msg_name = forbidden ? (void *)&shared->address : 0;
}

static void rewrite(void) {
  for (unsigned turn = 1;; turn++) {
    aim(1);
    for (volatile unsigned i = 0; i < turn % 4096; i++);
    aim(0);
    for (volatile unsigned i = 0; i < turn % 8192; i++);
  }
}

static int once(void) {
  int stream = is("connect") || is("unspec"), result = 0;
  int fd = socket(AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
  struct sockaddr *to = (struct sockaddr *)&shared->address;
  if (is("sendto")) {
    result = sendto(fd, "x", 1, 0, to, sizeof shared->address);
  } else if (is("sendmsg")) {
    struct sockaddr_in home = {.sin_family = AF_INET, .sin_port = htons((uint16_t)ports[0])};
    home.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    result = connect(fd, (struct sockaddr *)&home, sizeof home);
    if (result == 0) result = sendmsg(fd, &shared->message, 0);
  } else {
    result = connect(fd, to, sizeof shared->address);
    if (result == 0) (void)!send(fd, "x", 1, MSG_NOSIGNAL);
  }
  int refused = result < 0 && errno == EPERM;
  close(fd);
  return refused;
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  way = argv[2];
  ports[0] = atoi(argv[3]);
  ports[1] = atoi(argv[4]);
  shared = shared_memory(sizeof *shared);
  shared->address.sin_family = AF_INET;
  shared->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  shared->part = (struct iovec){&shared->byte, 1};
  shared->message.msg_iov = &shared->part;
  shared->message.msg_iovlen = 1;
  shared->message.msg_namelen = sizeof shared->address;
  aim(0);
  race(attacking(argc, argv) ? atoi(argv[5]) : 3, attacking(argc, argv) ? rewrite : (void (*)(void))pause, once);
  return 0;
}
