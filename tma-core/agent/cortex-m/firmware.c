// SPDX-License-Identifier: Apache-2.0
// The agent as firmware of a Cortex-M board, behind its serial port. It waits with interrupts off: an interrupt ends the wait and is never
// taken. One request at a time (WINDOW 1), so nothing comes while it computes.
#include "../agent.h"
#include "../platform.h"
#include "board.h"

// The provisioned key: `galgo tma provision` writes it into the image behind the mark. All zeros: none, the first frame brings it.
__attribute__((section(".key"), used)) static const volatile struct { char mark[16]; uint8_t key[32]; } image = {"galgo tma key 1", {0}};

static uint8_t key[32];

void platform_send(const uint8_t *bytes, uint32_t length) {
  while (length--) uart_put(*bytes++);
}

// These boards have no source of randomness in common. The host's nonce makes a session new; this one only tells starts apart.
void platform_nonce(uint8_t nonce[16]) {
  static uint32_t sessions;
  sessions++;
  for (int i = 0; i < 16; i++) nonce[i] = (uint8_t)(sessions >> 8 * (i & 3));
}

const uint8_t *platform_key(void) {
  uint8_t any = 0;
  for (int i = 0; i < 32; i++) any |= key[i] = image.key[i];
  return any ? key : 0;
}

_Noreturn void platform_halt(void) {
  for (;;) __asm__ volatile("wfi");
}

extern uint32_t data_stored[], data_start[], data_end[], bss_start[], bss_end[], stack_top[];

// A tenth of a second or so, by the clocks of these boards: a wait ends in any case, so an interrupt that a port does not give (an emulated
// one, while nothing else happens) is a delay and no end.
static void tick_start(void) {
  *at32(0xe000e014u) = 2000000;
  *at32(0xe000e018u) = 0;
  *at32(0xe000e010u) = 1 | 2 | 4;
}

static void tick_clear(void) {
  *at32(0xe000ed04u) = 1u << 25;
}

static _Noreturn void reset(void) {
  __asm__ volatile("cpsid i");
  for (uint32_t *from = data_stored, *to = data_start; to < data_end;) *to++ = *from++;
  for (uint32_t *at = bss_start; at < bss_end;) *at++ = 0;
  agent_start();
  uart_open();
  tick_start();
  for (;;) {
    while (!uart_has()) {
      uart_wait();
      tick_clear();
    }
    agent_receive(uart_get());
  }
}

static void fault(void) {
  platform_halt();
}

__attribute__((section(".vectors"), used)) const void *const vectors[16] = {stack_top, reset, fault, fault, fault, fault, fault};
