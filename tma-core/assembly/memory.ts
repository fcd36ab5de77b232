// SPDX-License-Identifier: Apache-2.0
// Where everything lies. All memory is static: nothing is allocated, nothing is freed, and what an agent needs is known when it is built.
// CAPACITY (points of the set) and INPUT_BYTES come from the build (`--use CAPACITY=N`); places of points are 16 bit numbers, so there
// are at most 65534.

/** Bytes of a digest. */
export const DIGEST: u32 = 32;
/** Points that there is room for. */
export const ROOM: u32 = <u32>CAPACITY;
/** Bytes that a request may have at INPUT. */
export const INPUT_SIZE: u32 = <u32>INPUT_BYTES;
/** Places of the hash table: at least twice the capacity, a power of two, so that one look is the rule. */
export const SLOTS: u32 = CAPACITY <= 256 ? 512 : CAPACITY <= 2048 ? 4096 : 131072;

/** What a caller gives. */
export const INPUT: u32 = <u32>memory.data(INPUT_BYTES, 8);
/** What a caller gets: a digest. */
export const OUTPUT: u32 = <u32>memory.data(32, 8);

/** Coefficients in the order of discovery. */
export const POINTS: u32 = <u32>memory.data(CAPACITY * 32, 8);
/** Hash table: 1 + the place of a point, 0 where there is none. */
export const TABLE: u32 = <u32>(
  memory.data(CAPACITY <= 256 ? 1024 : CAPACITY <= 2048 ? 8192 : 262144, 8)
);
/** Places of points, sorted by coefficient while the state is computed. */
export const ORDER: u32 = <u32>memory.data(CAPACITY * 2, 8);
/** A bit for each point: found after the model was sealed. */
export const INVALID: u32 = <u32>memory.data((CAPACITY + 7) / 8, 8);

export const AGGREGATE: u32 = <u32>memory.data(32, 8);
export const BASE: u32 = <u32>memory.data(32, 8);
export const MEASUREMENT: u32 = <u32>memory.data(32, 8);
/** The state, and of how many points it is: kept until there are more. */
export const STATE: u32 = <u32>memory.data(32, 8);
/** Two digests that are hashed together. */
export const PAIR: u32 = <u32>memory.data(64, 8);
/** Name, ids and digests of one event: 64 + 64 + 64 bytes. */
export const JOINED: u32 = <u32>memory.data(192, 8);
/** The key of the link, in the form that HMAC takes it: padded to a block. */
export const KEY: u32 = <u32>memory.data(64, 8);
