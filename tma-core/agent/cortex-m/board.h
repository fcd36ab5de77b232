// SPDX-License-Identifier: Apache-2.0
// The serial port of each board that is known: 115200 baud, 8 bits, no parity, one stop bit. Emulated boards are what this is tested with;
// what a real one needs besides (clocks, pins) is here as far as its manual says so.
#pragma once
#include <stdint.h>

static volatile uint32_t *at32(uint32_t address) {
  return (volatile uint32_t *)address;
}

static void enable_interrupt(int n) {
  *at32(0xe000e100u + 4 * (n / 32)) = 1u << (n % 32);
}

static void clear_pending(int n) {
  *at32(0xe000e280u + 4 * (n / 32)) = 1u << (n % 32);
}

#if defined(BOARD_MPS2_AN385) || defined(BOARD_MPS2_AN505)
// Arm's CMSDK UART: DATA, STATE, CTRL, INTSTATUS, BAUDDIV
#if defined(BOARD_MPS2_AN505)
#define UART 0x50200000u
enum { UART_INTERRUPT = 32, CLOCK_HZ = 20000000 };
#else
#define UART 0x40004000u
enum { UART_INTERRUPT = 0, CLOCK_HZ = 25000000 };
#endif
static void uart_open(void) {
  *at32(UART + 0x10) = CLOCK_HZ / 115200;
  *at32(UART + 0x08) = 1 | 2 | 8; // send, receive, interrupt when something came
  enable_interrupt(UART_INTERRUPT);
}
static int uart_has(void) { return *at32(UART + 0x04) & 2; }
static uint8_t uart_get(void) { return (uint8_t)*at32(UART); }
static void uart_put(uint8_t byte) {
  while (*at32(UART + 0x04) & 1) {}
  *at32(UART) = byte;
}
static void uart_wait(void) {
  __asm__ volatile("wfi");
  *at32(UART + 0x0c) = 2;
  clear_pending(UART_INTERRUPT);
}

#elif defined(BOARD_NETDUINOPLUS2)
// STM32F405, USART1 on PA9 and PA10: SR, DR, BRR, CR1; 16 MHz from its own oscillator
#define UART 0x40011000u
#define RCC 0x40023800u
#define PORT_A 0x40020000u
enum { UART_INTERRUPT = 37, CLOCK_HZ = 16000000 };
static void uart_open(void) {
  *at32(RCC + 0x30) |= 1;      // port A
  *at32(RCC + 0x44) |= 1 << 4; // USART1
  *at32(PORT_A + 0x00) = (*at32(PORT_A + 0x00) & ~(0xfu << 18)) | 0xau << 18;
  *at32(PORT_A + 0x24) = (*at32(PORT_A + 0x24) & ~(0xffu << 4)) | 0x77u << 4;
  *at32(UART + 0x08) = (CLOCK_HZ + 57600) / 115200;
  *at32(UART + 0x0c) = 1 << 13 | 1 << 5 | 1 << 3 | 1 << 2;
  enable_interrupt(UART_INTERRUPT);
}
static int uart_has(void) { return *at32(UART) & 1 << 5; }
static uint8_t uart_get(void) { return (uint8_t)*at32(UART + 0x04); }
static void uart_put(uint8_t byte) {
  while (!(*at32(UART) & 1 << 7)) {}
  *at32(UART + 0x04) = byte;
}
static void uart_wait(void) {
  __asm__ volatile("wfi");
  clear_pending(UART_INTERRUPT);
}

#elif defined(BOARD_MICROBIT) || defined(BOARD_NRF52840)
// Nordic's UART: tasks, events, ENABLE, PSELTXD, PSELRXD, RXD, TXD, BAUDRATE; the same registers on both
#define UART 0x40002000u
#if defined(BOARD_MICROBIT)
enum { PIN_TX = 24, PIN_RX = 25 };
#else
enum { PIN_TX = 6, PIN_RX = 8 };
#endif
enum { UART_INTERRUPT = 2 };
static void uart_open(void) {
  *at32(UART + 0x50c) = PIN_TX;
  *at32(UART + 0x514) = PIN_RX;
  *at32(UART + 0x524) = 0x01d7e000; // 115200 baud
  *at32(UART + 0x500) = 4;
  *at32(UART + 0x000) = 1;
  *at32(UART + 0x008) = 1;
  *at32(UART + 0x304) = 1 << 2;
  enable_interrupt(UART_INTERRUPT);
}
static int uart_has(void) { return *at32(UART + 0x108) != 0; }
static uint8_t uart_get(void) {
  *at32(UART + 0x108) = 0;
  return (uint8_t)*at32(UART + 0x518);
}
static void uart_put(uint8_t byte) {
  *at32(UART + 0x11c) = 0;
  *at32(UART + 0x51c) = byte;
  while (!*at32(UART + 0x11c)) {}
}
static void uart_wait(void) {
  __asm__ volatile("wfi");
  clear_pending(UART_INTERRUPT);
}
#else
#error "no such board"
#endif
