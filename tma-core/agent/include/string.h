// SPDX-License-Identifier: Apache-2.0
// What compilers and the generated core take for granted of memory; rt.c has it.
#pragma once
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
int memcmp(const void *a, const void *b, size_t length);
