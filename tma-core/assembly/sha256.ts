// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) over static memory. One digest at a time: begin, absorb as often as wanted, finish.

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
const K: u32 = <u32>(
  memory.data<u32>([
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
  ])
);
/** The message schedule of a block. */
const W: u32 = <u32>memory.data(256, 8);
/** The bytes that do not fill a block yet. */
const BLOCK: u32 = <u32>memory.data(64, 8);

let h0: u32 = 0;
let h1: u32 = 0;
let h2: u32 = 0;
let h3: u32 = 0;
let h4: u32 = 0;
let h5: u32 = 0;
let h6: u32 = 0;
let h7: u32 = 0;
/** Bytes absorbed; a request is far below 2^32. */
let absorbed: u32 = 0;

export function sha256Begin(): void {
  h0 = 0x6a09e667;
  h1 = 0xbb67ae85;
  h2 = 0x3c6ef372;
  h3 = 0xa54ff53a;
  h4 = 0x510e527f;
  h5 = 0x9b05688c;
  h6 = 0x1f83d9ab;
  h7 = 0x5be0cd19;
  absorbed = 0;
}

/** `length` bytes at `at` more. */
export function sha256Absorb(at: u32, length: u32): void {
  let held: u32 = absorbed & 63;
  absorbed += length;
  if (held != 0) {
    const room: u32 = 64 - held;
    const taken = length < room ? length : room;
    memory.copy(BLOCK + held, at, taken);
    held += taken;
    if (held < 64) return;
    compress(BLOCK);
    at += taken;
    length -= taken;
  }
  for (; length >= 64; length -= 64) {
    compress(at);
    at += 64;
  }
  memory.copy(BLOCK, at, length);
}

/** Writes the digest of all that was absorbed to `out`. */
export function sha256Finish(out: u32): void {
  const held = absorbed & 63;
  store<u8>(BLOCK + held, 0x80);
  if (held >= 56) {
    memory.fill(BLOCK + held + 1, 0, 63 - held);
    compress(BLOCK);
    memory.fill(BLOCK, 0, 56);
  } else {
    memory.fill(BLOCK + held + 1, 0, 55 - held);
  }
  // the length in bits, as one big-endian number of 64
  store<u32>(BLOCK, bswap<u32>(absorbed >> 29), 56);
  store<u32>(BLOCK, bswap<u32>(absorbed << 3), 60);
  compress(BLOCK);
  store<u32>(out, bswap<u32>(h0));
  store<u32>(out, bswap<u32>(h1), 4);
  store<u32>(out, bswap<u32>(h2), 8);
  store<u32>(out, bswap<u32>(h3), 12);
  store<u32>(out, bswap<u32>(h4), 16);
  store<u32>(out, bswap<u32>(h5), 20);
  store<u32>(out, bswap<u32>(h6), 24);
  store<u32>(out, bswap<u32>(h7), 28);
}

/** The digest of `length` bytes at `at`, written to `out`, which may lie in them. */
export function sha256(at: u32, length: u32, out: u32): void {
  sha256Begin();
  sha256Absorb(at, length);
  sha256Finish(out);
}

/** One block of 64 bytes (FIPS 180-4, 6.2.2). */
function compress(block: u32): void {
  for (let t: u32 = 0; t < 64; t += 4) store<u32>(W + t, bswap<u32>(load<u32>(block + t)));
  for (let t: u32 = 64; t < 256; t += 4) {
    const early = load<u32>(W + t - 60);
    const late = load<u32>(W + t - 8);
    const small0 = rotr<u32>(early, 7) ^ rotr<u32>(early, 18) ^ (early >> 3);
    const small1 = rotr<u32>(late, 17) ^ rotr<u32>(late, 19) ^ (late >> 10);
    store<u32>(W + t, small1 + load<u32>(W + t - 28) + small0 + load<u32>(W + t - 64));
  }
  let a = h0;
  let b = h1;
  let c = h2;
  let d = h3;
  let e = h4;
  let f = h5;
  let g = h6;
  let h = h7;
  for (let t: u32 = 0; t < 256; t += 4) {
    const big1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
    const t1 = h + big1 + (g ^ (e & (f ^ g))) + load<u32>(K + t) + load<u32>(W + t);
    const big0 = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22);
    const t2 = big0 + ((a & b) | (c & (a | b)));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  h0 += a;
  h1 += b;
  h2 += c;
  h3 += d;
  h4 += e;
  h5 += f;
  h6 += g;
  h7 += h;
}
