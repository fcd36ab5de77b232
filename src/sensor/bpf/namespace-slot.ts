// SPDX-License-Identifier: Apache-2.0
// Elements of galgo_namespaces (struct galgo_namespace in bpf/wire.h) as far as slots are concerned.
import type { BpfMap } from "../../native/bpf-map.ffi.ts";

const SERIAL_AT = 8;
/** Counter of living tasks: the last member. */
const TASKS_BYTES = 8;

function element(namespaces: BpfMap, slot: number): Buffer {
  const value = Buffer.alloc(namespaces.info.valueBytes);
  namespaces.get(slot, value);
  return value;
}

/** A serial that no slot has had. */
export function newSerial(namespaces: BpfMap): number {
  let last = 0;
  for (let slot = 0; slot < namespaces.info.maxEntries; slot++)
    last = Math.max(last, element(namespaces, slot).readUInt32LE(SERIAL_AT));
  return last + 1;
}

/** A namespace that is not active yet: the programs let everything pass. */
export function prepareSlot(namespaces: BpfMap, slot: number, serial: number): void {
  const value = Buffer.alloc(namespaces.info.valueBytes);
  value.writeUInt32LE(serial, SERIAL_AT);
  namespaces.set(slot, value);
}

/** No namespace any more. The serial stays, so that none gets it again. */
export function clearSlot(namespaces: BpfMap, slot: number): void {
  prepareSlot(namespaces, slot, element(namespaces, slot).readUInt32LE(SERIAL_AT));
}

export function tasksIn(namespaces: BpfMap, slot: number): number {
  const value = element(namespaces, slot);
  return Math.max(0, Number(value.readBigInt64LE(value.length - TASKS_BYTES)));
}
