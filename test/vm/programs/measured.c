// SPDX-License-Identifier: Apache-2.0
// measured ACTION FILE [HEX]: brings the file into the kernel's measurement list in some way.
//   sign     gives it the signature HEX (security.ima), then reads it
//   read     reads it
//   before   reads it while it is open for writing          after    opens it for writing while it is open for reading
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SIGNATURE 1024

static int sign(const char *file, const char *hex)
{
	unsigned char bytes[SIGNATURE];
	size_t length = strlen(hex) / 2;

	if (length > sizeof(bytes))
		return -1;
	for (size_t i = 0; i < length; i++) {
		unsigned int byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return -1;
		bytes[i] = byte;
	}
	return setxattr(file, "security.ima", bytes, length, 0);
}

static int look(const char *file, int flags)
{
	char byte;
	int opened = open(file, flags);

	if (opened >= 0 && (flags & O_ACCMODE) == O_RDONLY && read(opened, &byte, 1) < 0)
		return -1;
	return opened;
}

int main(int argc, char **argv)
{
	const char *action = argc > 2 ? argv[1] : "";
	int failed = 1;

	if (strcmp(action, "sign") == 0 && argc > 3)
		failed = sign(argv[2], argv[3]) < 0 || look(argv[2], O_RDONLY) < 0;
	else if (strcmp(action, "read") == 0)
		failed = look(argv[2], O_RDONLY) < 0;
	else if (strcmp(action, "before") == 0)
		failed = look(argv[2], O_WRONLY) < 0 || look(argv[2], O_RDONLY) < 0;
	else if (strcmp(action, "after") == 0)
		failed = look(argv[2], O_RDONLY) < 0 || look(argv[2], O_WRONLY) < 0;
	if (failed)
		perror(action);
	return failed;
}
