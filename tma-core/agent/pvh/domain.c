// SPDX-License-Identifier: Apache-2.0
// The agent as a domain of its own: a virtual machine without an operating system. It has a console (virtio over memory, its legacy form)
// and sleeps until bytes come on it. QEMU's machine `microvm` is what it runs in.
#include "../agent.h"
#include "../platform.h"

enum { SLOTS = 24, SLOT_BYTES = 0x200, QUEUE = 64, RX_BYTES = 2048, TX_BYTES = 128, PAGE = 4096 };
#define FIRST_SLOT 0xfeb00000u
#define LOCAL_APIC 0xfee00000u
#define IO_APIC 0xfec00000u
enum { VECTOR = 0x30, IO_APIC_PINS = 24, FIRST_DEVICE_PIN = 5 };

// Registers of a virtio device over memory, version 1 (Virtual I/O Device 1.1, 4.2.4)
enum { MAGIC = 0x00, DEVICE_ID = 0x08, GUEST_FEATURES = 0x20, GUEST_FEATURES_SELECT = 0x24, GUEST_PAGE_SIZE = 0x28, QUEUE_SELECT = 0x30,
  QUEUE_SIZE = 0x38, QUEUE_ALIGN = 0x3c, QUEUE_PFN = 0x40, QUEUE_NOTIFY = 0x50, INTERRUPT_STATUS = 0x60, INTERRUPT_ACK = 0x64, STATUS = 0x70 };
enum { VIRTIO_MAGIC = 0x74726976, CONSOLE = 3, ACKNOWLEDGED = 1, DRIVER = 2, DRIVER_OK = 4, WRITABLE = 2, NO_INTERRUPT = 1 };

struct descriptor { uint64_t at; uint32_t length; uint16_t flags, next; };
struct available { uint16_t flags, index, ring[QUEUE]; };
struct used { uint16_t flags, index; struct { uint32_t id, length; } ring[QUEUE]; };
struct gate { uint16_t low, selector; uint8_t zero, type; uint16_t high; };

// descriptors and what is available in the first page, what is used in the second, as the legacy layout has it
static uint8_t rings[2][2 * PAGE] __attribute__((aligned(PAGE)));
static uint8_t received[QUEUE][RX_BYTES], sent[QUEUE][TX_BYTES];
static volatile uint8_t *device;
static uint16_t receive_seen, receive_given, send_given;
static struct gate gates[VECTOR + 1];
extern void interrupt_entry(void);

static inline void put8(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static volatile uint32_t *at32(uint32_t address) {
  return (volatile uint32_t *)(uintptr_t)address;
}

static volatile uint32_t *reg(uint32_t offset) {
  return (volatile uint32_t *)(device + offset);
}

static struct descriptor *descriptors(int queue) {
  return (struct descriptor *)rings[queue];
}

static volatile struct available *available(int queue) {
  return (struct available *)(rings[queue] + QUEUE * sizeof(struct descriptor));
}

static volatile struct used *used(int queue) {
  return (struct used *)(rings[queue] + PAGE);
}

static void barrier(void) {
  __asm__ volatile("" ::: "memory");
}

void platform_send(const uint8_t *bytes, uint32_t length) {
  while (length > 0) {
    uint16_t slot = send_given % QUEUE;
    uint32_t part = length < TX_BYTES ? length : TX_BYTES;
    while ((uint16_t)(send_given - used(1)->index) >= QUEUE) barrier();
    for (uint32_t i = 0; i < part; i++) sent[slot][i] = bytes[i];
    descriptors(1)[slot] = (struct descriptor){.at = (uintptr_t)sent[slot], .length = part};
    available(1)->ring[slot] = slot;
    barrier();
    available(1)->index = ++send_given;
    *reg(QUEUE_NOTIFY) = 1;
    bytes += part;
    length -= part;
  }
}

// RDRAND where the processor has it, beside its time stamp.
void platform_nonce(uint8_t nonce[16]) {
  uint32_t leaf = 1, features = 0, low, high;
  __asm__ volatile("cpuid" : "+a"(leaf), "+c"(features)::"ebx", "edx");
  for (int i = 0; i < 16; i += 4) {
    uint32_t value = 0;
    if (features >> 30 & 1) __asm__ volatile("rdrand %0" : "=r"(value)::"cc");
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    value ^= low ^ high << 16;
    for (int k = 0; k < 4; k++) nonce[i + k] = (uint8_t)(value >> 8 * k);
  }
}

const uint8_t *platform_key(void) {
  return 0;
}

static int find_console(void) {
  for (int i = 0; i < SLOTS; i++) {
    device = (volatile uint8_t *)(uintptr_t)(FIRST_SLOT + i * SLOT_BYTES);
    if (*reg(MAGIC) == VIRTIO_MAGIC && *reg(DEVICE_ID) == CONSOLE) return 1;
  }
  return 0;
}

// Every device's interrupt ends a hlt; an exception finds no gate, and the machine stops.
static void set_interrupts(void) {
  uint32_t entry = (uint32_t)(uintptr_t)interrupt_entry;
  struct __attribute__((packed)) { uint16_t limit; uint32_t at; } table = {sizeof gates - 1, (uint32_t)(uintptr_t)gates};
  gates[VECTOR] = (struct gate){.low = (uint16_t)entry, .selector = 8, .type = 0x8e, .high = (uint16_t)(entry >> 16)};
  __asm__ volatile("lidt %0" ::"m"(table));
  put8(0x21, 0xff);
  put8(0xa1, 0xff);
  *at32(LOCAL_APIC + 0xf0) = 0x1ff;
  for (uint32_t pin = FIRST_DEVICE_PIN; pin < IO_APIC_PINS; pin++) {
    *at32(IO_APIC) = 0x11 + 2 * pin;
    *at32(IO_APIC + 0x10) = 0;
    *at32(IO_APIC) = 0x10 + 2 * pin;
    *at32(IO_APIC + 0x10) = VECTOR;
  }
}

static void open_console(void) {
  *reg(STATUS) = 0;
  *reg(STATUS) = ACKNOWLEDGED;
  *reg(STATUS) = ACKNOWLEDGED | DRIVER;
  *reg(GUEST_FEATURES_SELECT) = 0;
  *reg(GUEST_FEATURES) = 0;
  *reg(GUEST_PAGE_SIZE) = PAGE;
  for (int queue = 0; queue < 2; queue++) {
    *reg(QUEUE_SELECT) = queue;
    *reg(QUEUE_SIZE) = QUEUE;
    *reg(QUEUE_ALIGN) = PAGE;
    *reg(QUEUE_PFN) = (uint32_t)(uintptr_t)rings[queue] / PAGE;
  }
  for (uint16_t i = 0; i < QUEUE; i++) {
    descriptors(0)[i] = (struct descriptor){.at = (uintptr_t)received[i], .length = RX_BYTES, .flags = WRITABLE};
    available(0)->ring[i] = i;
  }
  barrier();
  available(0)->index = receive_given = QUEUE;
  available(1)->flags = NO_INTERRUPT;
  *reg(STATUS) = ACKNOWLEDGED | DRIVER | DRIVER_OK;
  *reg(QUEUE_NOTIFY) = 0;
}

static void receive(void) {
  while (used(0)->index != receive_seen) {
    uint32_t id = used(0)->ring[receive_seen % QUEUE].id % QUEUE;
    uint32_t length = used(0)->ring[receive_seen % QUEUE].length;
    receive_seen++;
    for (uint32_t i = 0; i < length && i < RX_BYTES; i++) agent_receive(received[id][i]);
    available(0)->ring[receive_given % QUEUE] = (uint16_t)id;
    barrier();
    available(0)->index = ++receive_given;
  }
  *reg(QUEUE_NOTIFY) = 0;
}

void domain_main(void) {
  if (!find_console()) return;
  set_interrupts();
  agent_start();
  open_console();
  for (;;) {
    // between the look and the hlt no interrupt may pass unseen: sti takes effect behind the hlt
    __asm__ volatile("cli" ::: "memory");
    uint32_t waiting = *reg(INTERRUPT_STATUS);
    if (waiting) *reg(INTERRUPT_ACK) = waiting;
    if (used(0)->index == receive_seen) {
      __asm__ volatile("sti; hlt" ::: "memory");
      continue;
    }
    __asm__ volatile("sti" ::: "memory");
    receive();
  }
}
