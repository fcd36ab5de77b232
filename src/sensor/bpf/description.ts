// SPDX-License-Identifier: Apache-2.0
// Descriptions of events that have not happened, word for word as the programs make them (bpf/describe.h), and their keys.
import type { HookName } from "../../event/event.ts";
import { KERNEL_HOOKS, Limit, WHAT, WHO } from "./layout.gen.ts";
import { sipHash128 } from "./siphash.ts";
import type { Key, SeenActor } from "./types.ts";

const WORD = 8;
const NO_TEXT = new Uint8Array(0);

/** What is done, on what. */
export interface Described {
  readonly hook: HookName;
  readonly args: readonly bigint[];
  /** The words of each object, as they stood in a record. */
  readonly objects?: readonly Uint8Array[];
  readonly text?: Uint8Array;
  /** A second text. */
  readonly more?: Uint8Array;
}

/** Makes keys with the key of the loaded programs (galgo_config). */
export class KeyMaker {
  readonly #hashKey: Key;

  constructor(hashKey: Key) {
    this.#hashKey = hashKey;
  }

  keyOf(actor: SeenActor, what: Described): Key {
    const bytes = descriptionOf(actor, what);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const key = new Uint32Array(4);
    sipHash128(this.#hashKey, words, bytes.length / WORD, key);
    return key;
  }
}

/** The words that are hashed, zeros at the end included. */
export function descriptionOf(actor: SeenActor, what: Described): Buffer {
  const { hook, args, objects = [], text = NO_TEXT, more = NO_TEXT } = what;
  const length =
    WHO.bytes +
    WHAT.bytes +
    args.length * WORD +
    objects.reduce((sum, object) => sum + object.length, 0) +
    roundedUp(text.length, WORD) +
    roundedUp(more.length, WORD);
  // a buffer of its own, so that it begins at a multiple of a word
  const bytes = Buffer.from(new ArrayBuffer(roundedUp(length, Limit.turn * WORD)));
  // paths begin at the root; without an object there is none
  putWho(bytes, objects.length > 0 ? actor : { ...actor, rootMount: 0n, rootInode: 0n });
  bytes.writeUInt8(KERNEL_HOOKS.indexOf(hook), WHO.bytes + WHAT.at.hook);
  bytes.writeUInt8(args.length, WHO.bytes + WHAT.at.args);
  bytes.writeUInt8(objects.length, WHO.bytes + WHAT.at.objects);
  bytes.writeUInt16LE(text.length, WHO.bytes + WHAT.at.text);
  bytes.writeUInt16LE(more.length, WHO.bytes + WHAT.at.more);
  let at = WHO.bytes + WHAT.bytes;
  for (const arg of args) at = bytes.writeBigUInt64LE(BigInt.asUintN(64, arg), at);
  for (const object of objects) {
    bytes.set(object, at);
    at += object.length;
  }
  bytes.set(text, at);
  bytes.set(more, at + roundedUp(text.length, WORD));
  return bytes;
}

function putWho(bytes: Buffer, { identity, coe, rootMount, rootInode }: SeenActor): void {
  bytes.writeUInt32LE(identity, WHO.at.identity);
  bytes.writeUInt32LE(coe.uid, WHO.at.uid);
  bytes.writeUInt32LE(coe.euid, WHO.at.euid);
  bytes.writeUInt32LE(coe.suid, WHO.at.suid);
  bytes.writeUInt32LE(coe.gid, WHO.at.gid);
  bytes.writeUInt32LE(coe.egid, WHO.at.egid);
  bytes.writeUInt32LE(coe.sgid, WHO.at.sgid);
  bytes.writeUInt32LE(coe.fsuid, WHO.at.fsuid);
  bytes.writeUInt32LE(coe.fsgid, WHO.at.fsgid);
  bytes.writeBigUInt64LE(coe.capeff, WHO.at.capeff);
  bytes.writeBigUInt64LE(rootMount, WHO.at.rootMount);
  bytes.writeBigUInt64LE(rootInode, WHO.at.rootInode);
}

function roundedUp(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}
