// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 with 128 bits of output (Aumasson, Bernstein), over whole 64-bit words. The programs in the kernel name behaviours
// with it; here it names those that are told to the kernel before they happen. 64-bit words are pairs of 32-bit halves, low first.

/** "somepseudorandomlygeneratedbytes", as [low, high] of the four words that are mixed with the key. */
const INITIAL = [
  0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462,
] as const;
const OUTPUT_128_MARK = 0xee;
const SECOND_HALF_MARK = 0xdd;
const ROUNDS_A_WORD = 2;
const ROUNDS_AT_THE_END = 4;

/** v0, v1, v2, v3 as low and high halves. Of this thread only, and only valid inside one call of `sipHash128`. */
const state = new Int32Array(8);

/**
 * SipHash-2-4-128 of the first `count` 64-bit words of `words` (two elements each).
 * @param key 16 bytes as four elements
 * @param out gets 16 bytes as four elements: k0 low, k0 high, k1 low, k1 high
 */
export function sipHash128(
  key: Uint32Array,
  words: Uint32Array,
  count: number,
  out: Uint32Array,
): void {
  begin(key);
  for (let at = 0; at < 2 * count; at += 2) absorb(words[at] ?? 0, words[at + 1] ?? 0);
  // the last block holds the length in bytes (its lowest 8 bits) in the highest byte, and no rest of the input
  absorb(0, (8 * count) << 24);
  xor(4, OUTPUT_128_MARK);
  rounds(ROUNDS_AT_THE_END);
  give(out, 0);
  xor(2, SECOND_HALF_MARK);
  rounds(ROUNDS_AT_THE_END);
  give(out, 2);
}

function begin(key: Uint32Array): void {
  for (let at = 0; at < 8; at++) state[at] = (INITIAL[at] ?? 0) ^ (key[at & 3] ?? 0);
  xor(2, OUTPUT_128_MARK);
}

function xor(at: number, value: number): void {
  state[at] = (state[at] ?? 0) ^ value;
}

function absorb(low: number, high: number): void {
  xor(6, low);
  xor(7, high);
  rounds(ROUNDS_A_WORD);
  xor(0, low);
  xor(1, high);
}

function give(out: Uint32Array, at: number): void {
  out[at] = (state[0] ?? 0) ^ (state[2] ?? 0) ^ (state[4] ?? 0) ^ (state[6] ?? 0);
  out[at + 1] = (state[1] ?? 0) ^ (state[3] ?? 0) ^ (state[5] ?? 0) ^ (state[7] ?? 0);
}

/** Carry out of the 32-bit sum `sum` of `a` and `b`. */
function carry(a: number, b: number, sum: number): number {
  return ((a & b) | ((a | b) & ~sum)) >>> 31;
}

function rounds(count: number): void {
  // not destructured: an iterator would cost more than the rounds
  let l0 = state[0] ?? 0;
  let h0 = state[1] ?? 0;
  let l1 = state[2] ?? 0;
  let h1 = state[3] ?? 0;
  let l2 = state[4] ?? 0;
  let h2 = state[5] ?? 0;
  let l3 = state[6] ?? 0;
  let h3 = state[7] ?? 0;
  for (let round = 0; round < count; round++) {
    // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
    let sum = (l0 + l1) | 0;
    h0 = (h0 + h1 + carry(l0, l1, sum)) | 0;
    let turned = ((l1 << 13) | (h1 >>> 19)) ^ sum;
    h1 = ((h1 << 13) | (l1 >>> 19)) ^ h0;
    l1 = turned;
    l0 = h0;
    h0 = sum;
    // v2 += v3; v3 = rotl(v3, 16) ^ v2
    sum = (l2 + l3) | 0;
    h2 = (h2 + h3 + carry(l2, l3, sum)) | 0;
    l2 = sum;
    turned = ((l3 << 16) | (h3 >>> 16)) ^ l2;
    h3 = ((h3 << 16) | (l3 >>> 16)) ^ h2;
    l3 = turned;
    // v0 += v3; v3 = rotl(v3, 21) ^ v0
    sum = (l0 + l3) | 0;
    h0 = (h0 + h3 + carry(l0, l3, sum)) | 0;
    l0 = sum;
    turned = ((l3 << 21) | (h3 >>> 11)) ^ l0;
    h3 = ((h3 << 21) | (l3 >>> 11)) ^ h0;
    l3 = turned;
    // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
    sum = (l2 + l1) | 0;
    h2 = (h2 + h1 + carry(l2, l1, sum)) | 0;
    turned = ((l1 << 17) | (h1 >>> 15)) ^ sum;
    h1 = ((h1 << 17) | (l1 >>> 15)) ^ h2;
    l1 = turned;
    l2 = h2;
    h2 = sum;
  }
  state[0] = l0;
  state[1] = h0;
  state[2] = l1;
  state[3] = h1;
  state[4] = l2;
  state[5] = h2;
  state[6] = l3;
  state[7] = h3;
}
