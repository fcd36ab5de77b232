// SPDX-License-Identifier: Apache-2.0
// Writes a table as C source.
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 10;
  printf("int table[] = {\n");
  for (int i = 0; i < count; i++) printf("  %d,\n", i * i % 97);
  printf("};\nint table_size = %d;\n", count);
  return 0;
}
