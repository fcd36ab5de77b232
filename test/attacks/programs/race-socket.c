// SPDX-License-Identifier: Apache-2.0
// race-socket MODE ALLOWED-PORT FORBIDDEN-PORT TRIES: while a connect is decided, a thread puts another socket behind the descriptor
// and another address into the memory. The test listens at both ports of 127.0.0.1.
#include "attack.h"
#include <netinet/in.h>

static volatile struct sockaddr_in address;
static int ports[2], sockets[2], slot;

static void *exchange(void *unused) {
  (void)unused;
  for (unsigned turn = 1;; turn++) {
    for (int which = 0; which < 2; which++) {
      address.sin_port = htons((uint16_t)ports[which]);
      dup2(sockets[which], slot);
      for (volatile unsigned i = 0; i < turn * 37 % 3000; i++);
    }
  }
  return 0;
}

static int once(void *racing) {
  pthread_t thread;
  for (int which = 0; which < 2; which++) sockets[which] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  slot = dup(sockets[0]);
  if (racing) pthread_create(&thread, 0, exchange, 0);
  int result = connect(slot, (struct sockaddr *)&address, sizeof address);
  _exit(result < 0 && errno == EPERM);
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  ports[0] = atoi(argv[2]);
  ports[1] = atoi(argv[3]);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons((uint16_t)ports[0]);
  int refused = 0, attack = attacking(argc, argv);
  for (int i = 0; i < (attack ? atoi(argv[4]) : 1); i++) refused += ended(child(once, attack ? argv : 0)) == 1;
  note("tries that were refused", refused);
  return 0;
}
