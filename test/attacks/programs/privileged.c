// SPDX-License-Identifier: Apache-2.0
// privileged FILE: a program that belongs to root and is setuid; reads a file of root.
#include "attack.h"

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  printf("effective user %d\n", geteuid());
  show(open(argv[1], O_RDONLY));
  return 0;
}
