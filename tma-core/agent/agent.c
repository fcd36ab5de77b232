// SPDX-License-Identifier: Apache-2.0
// Frames of the link (docs/tma-link.md) to calls of the core, and back. What is damaged is dropped without a word: the host asks again.
// What is whole but not authentic is dropped too; what is authentic but wrong is answered with a fault.
#include "agent.h"
#include "core.h"
#include "platform.h"
#include "sizes.h"
#include <string.h>

enum { VERSION = 1, HEADER = 10, MAC = 32, CRC = 4, DIGEST = 32, NONCE = 16 };
enum { HELLO = 1, PROVISION, RESET, BASE, AGGREGATE, LOAD, SEAL, UPDATE, EVENT, MEASUREMENT, STATE, COUNTS };
enum { REPLY = 0x80, FAULT = 0xff };
enum { FAULT_UNKNOWN = 1, FAULT_LENGTH = 2 };
// Requests that a host may have unanswered, and answers that are kept for it.
#ifndef WINDOW
#define WINDOW 8
#endif
// The longest answer is that to HELLO.
enum { REPLY_MOST = HEADER + 1 + 8 + 2 * NONCE + MAC };

static const char SESSION_LABEL[] = "galgo tma link 1";

static Z_tma_core_instance_t core;
static uint8_t *input, *output;
static uint32_t input_size;

static uint8_t key[DIGEST], session[DIGEST];
static uint8_t has_key, has_session;
static uint8_t host_nonce[NONCE], agent_nonce[NONCE];
static uint64_t next_sequence;
struct sent { uint32_t length; uint8_t body[REPLY_MOST]; };
static struct sent kept[WINDOW];

static uint8_t frame[CORE_INPUT_BYTES + MAC + CRC];
static uint32_t frame_length, run_left;
static uint8_t run_code, dropping;

static uint32_t u32_at(const uint8_t *at) {
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t u64_at(const uint8_t *at) {
  return u32_at(at) | (uint64_t)u32_at(at + 4) << 32;
}

static void put_u32(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> 8 * i);
}

// CRC-32 as zlib and Ethernet have it, half a byte at a time: a table of 64 bytes instead of 1024.
static uint32_t crc32_of(const uint8_t *at, uint32_t length) {
  static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
  uint32_t crc = 0xffffffff;
  while (length--) {
    crc ^= *at++;
    crc = crc >> 4 ^ table[crc & 15];
    crc = crc >> 4 ^ table[crc & 15];
  }
  return ~crc;
}

static void mac_of(const uint8_t *secret, const uint8_t *at, uint32_t length, uint8_t *mac) {
  memcpy(input, secret, DIGEST);
  Z_tma_coreZ_key(&core);
  memcpy(input, at, length);
  Z_tma_coreZ_mac(&core, length);
  memcpy(mac, output, MAC);
}

// Takes as long for a wrong first byte as for a wrong last one.
static int same(const uint8_t *a, const uint8_t *b, uint32_t length) {
  uint8_t different = 0;
  while (length--) different |= *a++ ^ *b++;
  return different == 0;
}

// COBS: every run of bytes that are not zero behind its length; a zero ends the frame.
static void send(const uint8_t *body, uint32_t length) {
  uint8_t whole[REPLY_MOST + CRC], out[REPLY_MOST + CRC + 3];
  uint32_t code_at = 0, at = 1;
  memcpy(whole, body, length);
  put_u32(whole + length, crc32_of(body, length));
  for (uint32_t i = 0; i < length + CRC; i++) {
    if (whole[i] != 0) out[at++] = whole[i];
    if (whole[i] == 0) { // an answer is shorter than the longest run
      out[code_at] = (uint8_t)(at - code_at);
      code_at = at++;
    }
  }
  out[code_at] = (uint8_t)(at - code_at);
  out[at++] = 0;
  platform_send(out, at);
}

struct answer { uint8_t kind; uint32_t length; uint8_t payload[REPLY_MOST]; };

// Sends an answer, which is in `sent` then.
static void reply(uint64_t sequence, const struct answer *answer, const uint8_t *secret, struct sent *sent) {
  uint32_t length = HEADER + answer->length;
  sent->body[0] = VERSION;
  sent->body[1] = answer->kind;
  put_u32(sent->body + 2, (uint32_t)sequence);
  put_u32(sent->body + 6, (uint32_t)(sequence >> 32));
  memcpy(sent->body + HEADER, answer->payload, answer->length);
  mac_of(secret, sent->body, length, sent->body + length);
  sent->length = length + MAC;
  send(sent->body, sent->length);
}

static void add_digest(struct answer *answer) {
  memcpy(answer->payload + answer->length, output, DIGEST);
  answer->length += DIGEST;
}

static void add_u32(struct answer *answer, uint32_t value) {
  put_u32(answer->payload + answer->length, value);
  answer->length += 4;
}

static void fault(struct answer *answer, uint8_t code) {
  answer->kind = FAULT;
  answer->payload[0] = code;
  answer->length = 1;
}

// Name, ids, COE and CELL behind their lengths.
static uint32_t assess_event(const uint8_t *payload, uint32_t length) {
  if (length < 6) return 16;
  uint32_t name = payload[0], ids = payload[1], coe = payload[2] | payload[3] << 8, cell = payload[4] | payload[5] << 8;
  if (name + ids + coe + cell != length - 6) return 16;
  memcpy(input, payload + 6, length - 6);
  return Z_tma_coreZ_event(&core, name, ids, coe, cell);
}

static void carry_out(uint8_t kind, const uint8_t *payload, uint32_t length, struct answer *answer) {
  int wants_digest = kind == BASE || kind == AGGREGATE || kind == UPDATE;
  *answer = (struct answer){.kind = kind | REPLY, .length = 1};
  if (wants_digest ? length != DIGEST : kind == LOAD ? length % DIGEST != 0 : kind != EVENT && length != 0) {
    fault(answer, FAULT_LENGTH);
    return;
  }
  if (wants_digest || kind == LOAD) memcpy(input, payload, length);
  uint32_t status = 1;
  switch (kind) {
    case RESET: Z_tma_coreZ_reset(&core); break;
    case BASE: status = Z_tma_coreZ_base(&core); break;
    case AGGREGATE: status = Z_tma_coreZ_aggregate(&core); break;
    case LOAD: status = Z_tma_coreZ_load_points(&core, length / DIGEST); break;
    case SEAL: Z_tma_coreZ_seal(&core); break;
    case UPDATE: status = Z_tma_coreZ_update(&core); break;
    case EVENT: status = assess_event(payload, length); break;
    case MEASUREMENT: status = Z_tma_coreZ_measurement(&core); break;
    case STATE: status = Z_tma_coreZ_state(&core); break;
    case COUNTS: break;
    default: fault(answer, FAULT_UNKNOWN); return;
  }
  answer->payload[0] = (uint8_t)status;
  if (kind == MEASUREMENT || kind == STATE || kind == EVENT) add_digest(answer);
  if (kind == COUNTS) {
    add_u32(answer, Z_tma_coreZ_points(&core));
    add_u32(answer, Z_tma_coreZ_invalidPoints(&core));
    add_u32(answer, Z_tma_coreZ_verdicts(&core));
  }
}

// As PROVISION's, no answer to a request: whoever wants it again asks again.
static void greet(const struct answer *answer) {
  struct sent sent;
  reply(0, answer, key, &sent);
}

static void say_hello(void) {
  struct answer answer = {.kind = HELLO | REPLY, .length = 1, .payload = {1}};
  add_u32(&answer, Z_tma_coreZ_capacity(&core));
  answer.payload[answer.length++] = (uint8_t)input_size;
  answer.payload[answer.length++] = (uint8_t)(input_size >> 8);
  answer.payload[answer.length++] = WINDOW;
  memcpy(answer.payload + answer.length, agent_nonce, NONCE);
  memcpy(answer.payload + answer.length + NONCE, host_nonce, NONCE);
  answer.length += 2 * NONCE;
  greet(&answer);
}

// A host that repeats its hello has the same session; another nonce begins a new one, with an empty model.
static void hello(const uint8_t *nonce) {
  if (!has_session || !same(nonce, host_nonce, NONCE)) {
    uint8_t label[sizeof SESSION_LABEL - 1 + 2 * NONCE];
    platform_nonce(agent_nonce);
    memcpy(host_nonce, nonce, NONCE);
    memcpy(label, SESSION_LABEL, sizeof SESSION_LABEL - 1);
    memcpy(label + sizeof SESSION_LABEL - 1, host_nonce, NONCE);
    memcpy(label + sizeof SESSION_LABEL - 1 + NONCE, agent_nonce, NONCE);
    mac_of(key, label, sizeof label, session);
    for (int i = 0; i < WINDOW; i++) kept[i].length = 0;
    Z_tma_coreZ_reset(&core);
    next_sequence = 1;
    has_session = 1;
  }
  say_hello();
}

static void provision(const uint8_t *secret) {
  struct answer answer = {.kind = PROVISION | REPLY, .length = 1, .payload = {1}};
  if (has_key) return; // whoever asks does not know that it has one, so it is not whose agent it is
  memcpy(key, secret, DIGEST);
  has_key = 1;
  greet(&answer);
}

static void request(uint8_t *body, uint32_t length) {
  static struct answer answer;
  uint64_t sequence = u64_at(body + 2);
  if (has_session && sequence == next_sequence) {
    next_sequence++;
    carry_out(body[1], body + HEADER, length - HEADER, &answer);
    reply(sequence, &answer, session, &kept[sequence % WINDOW]);
    return;
  }
  // asked again: the answer was lost, and what was asked is not done twice
  if (!has_session || sequence == 0 || sequence >= next_sequence || next_sequence - sequence > WINDOW) return;
  if (kept[sequence % WINDOW].length > 0) send(kept[sequence % WINDOW].body, kept[sequence % WINDOW].length);
}

static void take(uint8_t *body, uint32_t length) {
  uint8_t mac[MAC];
  if (length < CRC || crc32_of(body, length - CRC) != u32_at(body + length - CRC)) return;
  length -= CRC;
  if (length == HEADER + DIGEST && body[0] == VERSION && body[1] == PROVISION) {
    provision(body + HEADER);
    return;
  }
  if (!has_key || length < HEADER + MAC || body[0] != VERSION || length - MAC > input_size) return;
  length -= MAC;
  mac_of(body[1] == HELLO ? key : session, body, length, mac);
  if ((body[1] != HELLO && !has_session) || !same(mac, body + length, MAC)) return;
  if (body[1] == HELLO && length == HEADER + NONCE) hello(body + HEADER);
  if (body[1] != HELLO) request(body, length);
}

void agent_receive(uint8_t byte) {
  if (byte == 0) {
    if (!dropping && run_left == 0 && frame_length > 0) take(frame, frame_length);
    frame_length = run_left = run_code = dropping = 0;
    return;
  }
  if (run_left == 0) { // a length: the run before it ended in a zero, unless it was the longest or there was none
    if (run_code != 0 && run_code != 0xff) {
      if (frame_length == sizeof frame) dropping = 1;
      else frame[frame_length++] = 0;
    }
    run_code = byte;
    run_left = byte - 1u;
    return;
  }
  run_left--;
  if (frame_length == sizeof frame) dropping = 1;
  else frame[frame_length++] = byte;
}

void agent_start(void) {
  const uint8_t *provisioned = platform_key();
  Z_tma_core_init_module();
  Z_tma_core_instantiate(&core);
  input = core.w2c_memory.data + Z_tma_coreZ_input(&core);
  output = core.w2c_memory.data + Z_tma_coreZ_output(&core);
  input_size = Z_tma_coreZ_inputSize(&core);
  if (provisioned != 0) {
    memcpy(key, provisioned, DIGEST);
    has_key = 1;
  }
  Z_tma_coreZ_reset(&core);
}
