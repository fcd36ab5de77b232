// SPDX-License-Identifier: Apache-2.0
// uses-library [LIBRARY]: calls the library it is linked with; with an argument it loads another one by itself.
#include "attack.h"
#include <dlfcn.h>

int answer(void);

int main(int argc, char **argv) {
  printf("answer %d\n", answer());
  if (argc > 1 && !dlopen(argv[1], RTLD_NOW)) printf("%s\n", dlerror());
  return 0;
}
