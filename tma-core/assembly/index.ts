// SPDX-License-Identifier: Apache-2.0
// The core of a Trusted Modeling Agent, the same for all roots of trust: a namespace's model in static memory, without imports, without
// a clock, without anything to be freed. Callers write to `input`, call, and read `output`. The semantics are those of src/model/model.ts.
import { hmac } from "./hmac";
import { fold, outdate, settleState, takeAggregate, takeBase, clearMeasures } from "./measures";
import { DIGEST, INPUT, INPUT_SIZE, JOINED, KEY, MEASUREMENT, OUTPUT, ROOM, STATE } from "./memory";
import { addPoint, clearPoints, findPoint, isFull, isValid, pointCount } from "./points";
import { sha256 } from "./sha256";

/** Verdicts of `update` and `event`: bits. What is neither inside nor new is a point that was found after sealing, seen again. */
const INSIDE: u32 = 1;
const ADDED: u32 = 2;
/** No verdict: what was given is not what was announced. */
const MALFORMED: u32 = 16;
/** No verdict: the set has no room for a new point. */
const FULL: u32 = 17;

const NAME_MOST: u32 = 64;
const IDS_MOST: u32 = 64;

let sealed: bool = false;
let events: u32 = 0;
let invalid: u32 = 0;
/** A point was refused for want of room: what measurement and state would be over is not all that happened. */
let overflowed: bool = false;

/** Where callers write. */
export function input(): u32 {
  return INPUT;
}

/** Bytes that may be written there. */
export function inputSize(): u32 {
  return INPUT_SIZE;
}

/** Bytes of memory that are used: a small machine has no more than these. */
export function memoryBytes(): u32 {
  return <u32>__heap_base;
}

/** Where callers read a digest. */
export function output(): u32 {
  return OUTPUT;
}

/** Points that there is room for. */
export function capacity(): u32 {
  return ROOM;
}

/** An empty, unsealed model; base and aggregate are zeros. The key stays. */
export function reset(): void {
  sealed = false;
  overflowed = false;
  events = 0;
  invalid = 0;
  clearPoints();
  clearMeasures();
}

/** `count` coefficients of 32 bytes at `input`, valid and not seen yet. 1, or 0: the model is sealed, they are too many, or there is no room (those before are loaded). */
export function load_points(count: u32): u32 {
  if (sealed || count > INPUT_SIZE / DIGEST) return 0;
  for (let i: u32 = 0; i < count; i++) {
    const at = INPUT + i * DIGEST;
    if (findPoint(at) != 0) continue;
    if (isFull()) return 0;
    addPoint(at, true);
    outdate();
  }
  return 1;
}

/** The platform's value at `input` is folded in first. 1; 0: the model is sealed or has it already. */
export function aggregate(): u32 {
  return !sealed && takeAggregate(INPUT) ? 1 : 0;
}

/** The nonce at `input` is part of later extends of the measurement, and of the state. 1; 0: the model is sealed. */
export function base(): u32 {
  if (sealed) return 0;
  takeBase(INPUT);
  return 1;
}

/** Every point that is new from now on is invalid. */
export function seal(): void {
  sealed = true;
}

/** The verdict on the coefficient at `input`. */
export function update(): u32 {
  return assess(INPUT);
}

/**
 * The verdict on an event, whose coefficient H(name | ids | H(COE) | H(CELL)) is computed and left at `output`.
 * `input` holds name, ids (TASK_ID, before it P_TASK_ID where the mapping has it), COE and CELL, without anything between them.
 */
export function event(name: u32, ids: u32, coe: u32, cell: u32): u32 {
  if (name > NAME_MOST || ids > IDS_MOST || coe > INPUT_SIZE || cell > INPUT_SIZE) return MALFORMED;
  if (name + ids + coe + cell > INPUT_SIZE) return MALFORMED;
  const head = name + ids;
  memory.copy(JOINED, INPUT, head);
  sha256(INPUT + head, coe, JOINED + head);
  sha256(INPUT + head + coe, cell, JOINED + head + DIGEST);
  sha256(JOINED, head + 2 * DIGEST, OUTPUT);
  return assess(OUTPUT);
}

/** The measurement to `output`. 1; 0: there is none, because a point found no room. */
export function measurement(): u32 {
  if (overflowed) return 0;
  fold();
  memory.copy(OUTPUT, MEASUREMENT, DIGEST);
  return 1;
}

/** The state to `output`. 1; 0: there is none, because a point found no room. */
export function state(): u32 {
  if (overflowed) return 0;
  settleState();
  memory.copy(OUTPUT, STATE, DIGEST);
  return 1;
}

/** Points, invalid ones included. */
export function points(): u32 {
  return pointCount();
}

/** Points found after the model was sealed. */
export function invalidPoints(): u32 {
  return invalid;
}

/** Verdicts given, modulo 2^32. */
export function verdicts(): u32 {
  return events;
}

/** 1 when the model is sealed. */
export function isSealed(): u32 {
  return sealed ? 1 : 0;
}

/** The 32 bytes at `input` are the key of `mac` from now on. */
export function key(): void {
  memory.copy(KEY, INPUT, DIGEST);
  memory.fill(KEY + DIGEST, 0, 32);
}

/** HMAC-SHA-256 of `length` bytes at `input` to `output`. 1; 0: they are too many. */
export function mac(length: u32): u32 {
  if (length > INPUT_SIZE) return 0;
  hmac(INPUT, length, OUTPUT);
  return 1;
}

function assess(at: u32): u32 {
  events += 1;
  const found = findPoint(at);
  if (found != 0) return isValid(found) ? INSIDE : 0;
  if (isFull()) {
    overflowed = true;
    return FULL;
  }
  addPoint(at, !sealed);
  outdate();
  if (!sealed) return INSIDE | ADDED;
  invalid += 1;
  return ADDED;
}
