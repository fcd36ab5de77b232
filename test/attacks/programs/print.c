// SPDX-License-Identifier: Apache-2.0
// print: writes TEXT, which makes no event, then opens /dev/null, and writes MORE if it still runs.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#ifndef TEXT
#define TEXT "good\n"
#define MORE "good\n"
#endif

static void say(const char *text) { (void)!write(1, text, strlen(text)); }

int main(void) {
  say(TEXT);
  open("/dev/null", O_RDONLY);
  say(MORE);
  return 0;
}
