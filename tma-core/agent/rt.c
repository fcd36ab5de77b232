// SPDX-License-Identifier: Apache-2.0
// Below the generated core: its linear memory as one static array, no heap, no operating system. A trap ends the agent: an agent that is
// in a state nobody thought of gives no verdict, and whoever waits for one fails closed.
#include "platform.h"
#include "sizes.h"
#include "wasm-rt.h"
#include <string.h>

// The core says in whole pages (64 KB) what it wants; what it uses ends below CORE_MEMORY_BYTES, and a small machine has no more.
static uint8_t linear[CORE_MEMORY_BYTES] __attribute__((aligned(8)));

void wasm_rt_trap(wasm_rt_trap_t why) {
  (void)why;
  platform_halt();
}

bool wasm_rt_is_initialized(void) {
  return true;
}

uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...) {
  (void)params;
  (void)results;
  return 0;
}

void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint32_t pages, uint32_t most) {
  memory->data = linear;
  memory->size = CORE_MEMORY_BYTES;
  memory->pages = pages;
  memory->max_pages = most;
}

void wasm_rt_free_memory(wasm_rt_memory_t *memory) {
  (void)memory;
}

void *memcpy(void *restrict to, const void *restrict from, size_t length) {
  uint8_t *t = to;
  const uint8_t *f = from;
  while (length--) *t++ = *f++;
  return to;
}

void *memmove(void *to, const void *from, size_t length) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if (t <= f) return memcpy(to, from, length);
  while (length--) t[length] = f[length];
  return to;
}

void *memset(void *to, int value, size_t length) {
  uint8_t *t = to;
  while (length--) *t++ = (uint8_t)value;
  return to;
}

int memcmp(const void *a, const void *b, size_t length) {
  const uint8_t *x = a, *y = b;
  for (; length--; x++, y++)
    if (*x != *y) return *x - *y;
  return 0;
}
