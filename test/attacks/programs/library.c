// SPDX-License-Identifier: Apache-2.0
// A shared library: `answer`, and what is done as soon as it is loaded. -DEVIL makes another one of it.
#include <unistd.h>

#ifdef EVIL
__attribute__((constructor)) static void loaded(void) {
  static const char text[] = "HARM another library was loaded\n";
  (void)!write(1, text, sizeof text - 1);
}
unsigned int la_version(unsigned int version) { return version; }
int answer(void) { return 666; }
#else
int answer(void) { return 42; }
#endif
