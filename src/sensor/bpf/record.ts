// SPDX-License-Identifier: Apache-2.0
// A record of the ring, looked at where the programs wrote it (bpf/wire.h). Everything that leads to other places in it (lengths,
// counts) is checked: a record that does not add up is an error with a code, whoever wrote it.
import { quote } from "../../base/quote.ts";
import type { HookName } from "../../event/event.ts";
import { Unseen } from "../file/unseen.ts";
import { BpfSensorError } from "./errors.ts";
import {
  EXTRA,
  KERNEL_HOOKS,
  Limit,
  PATH,
  PathFlag,
  RECORD,
  RecordFlag,
  WHAT,
  WHO,
} from "./layout.gen.ts";
import { type ObjectView, readObject } from "./record-object.ts";
import { pathText } from "./record-path.ts";
import type { RecordHead, SeenActor } from "./types.ts";

const WORD = 8;
const MAX_ARGS = 8;
const MAX_AREAS = 2;

/** Bytes of the ring, and the record in them that is looked at. Valid until the record is given back. */
export class RecordView {
  readonly head: RecordHead;
  readonly who: SeenActor;
  /** Nanoseconds since boot. */
  readonly ts: bigint;
  /** comm, up to its NUL. */
  readonly comm: Buffer;
  readonly args: readonly bigint[];
  readonly objects: readonly ObjectView[];
  /** A second text, which is always short. */
  readonly more: Buffer;
  /** The description, as it was hashed. */
  readonly description: Buffer;
  readonly #memory: Buffer;
  readonly #at: number;
  readonly #areas: number;
  readonly #text: Buffer;

  /**
   * @param memory the ring's memory, `at` and `bytes` say where a record is in it
   * @throws BpfSensorError BAD_RECORD
   * @throws Unseen "description-too-long" when the programs had no room for all of it
   */
  constructor(memory: Buffer, at: number, bytes: number) {
    this.head = readHead(memory, at, bytes);
    this.#memory = memory;
    this.#at = at;
    this.#areas = memory.readUInt32LE(at + RECORD.at.paths);
    this.ts = memory.readBigUInt64LE(at + RECORD.at.ts);
    this.comm = upToNul(
      memory.subarray(at + RECORD.at.comm, at + RECORD.at.comm + RECORD.size.comm),
    );
    if ((this.head.flags & RecordFlag.truncated) !== 0)
      throw new Unseen(
        "description-too-long",
        `${this.head.hook} of ${quote(this.comm.toString("latin1"))}`,
      );
    const start = at + RECORD.at.description;
    const words = memory.readUInt32LE(at + RECORD.at.words);
    this.description = memory.subarray(start, start + words * WORD);
    const what = new Cursor(this.description, WHO.bytes, this.head.hook);
    const parts = what.take(WHAT.bytes);
    if (
      this.description.readUInt8(parts + WHAT.at.hook) !== memory.readUInt16LE(at + RECORD.at.hook)
    )
      throw bad(this.head.hook, "the head and the description name different hooks");
    this.who = readWho(this.description);
    this.args = this.#readArgs(what, this.description.readUInt8(parts + WHAT.at.args));
    this.objects = this.#readObjects(what, this.description.readUInt8(parts + WHAT.at.objects));
    this.#text = this.#readText(what, parts + WHAT.at.text);
    this.more = this.#readText(what, parts + WHAT.at.more);
    what.end();
  }

  /** The text of the event: all of it, also where the description holds only the beginning. @throws Unseen "text-too-long" */
  get text(): Buffer {
    const long = this.objects.length < 2 && this.#areas === 2;
    if (!long) return this.#text;
    const { bytes, flags } = this.#area(1);
    if (flags !== 0) throw new Unseen("text-too-long", this.head.hook);
    return bytes;
  }

  /**
   * Where object `which` is, as the acting task names it.
   * @throws Unseen "path-too-long"
   */
  pathname(which: 0 | 1): string {
    const object = this.object(which);
    if (which >= this.#areas) throw bad(this.head.hook, `no path for object ${which}`);
    return pathText(this.#area(which), object, this.head.hook);
  }

  /** Whether an object lies in no directory: only its filesystem says what it is called. */
  nameless(which: 0 | 1): boolean {
    if (which >= this.#areas) return false;
    const { bytes, flags } = this.#area(which);
    return bytes.length === 0 && (flags & PathFlag.unreachable) !== 0;
  }

  /** @throws BpfSensorError BAD_RECORD when the record has no such object */
  object(which: 0 | 1): ObjectView {
    const object = this.objects[which];
    if (object === undefined) throw bad(this.head.hook, `no object ${which}`);
    return object;
  }

  /** @throws BpfSensorError BAD_RECORD */
  arg(index: number): bigint {
    const arg = this.args[index];
    if (arg === undefined) throw bad(this.head.hook, `no argument ${index}`);
    return arg;
  }

  /** 32 bits of an argument, unsigned. */
  u32(index: number): number {
    return Number(BigInt.asUintN(32, this.arg(index)));
  }

  #readText(cursor: Cursor, lengthAt: number): Buffer {
    const length = this.description.readUInt16LE(lengthAt);
    const at = cursor.take(Math.ceil(length / WORD) * WORD);
    return this.description.subarray(at, at + length);
  }

  #readArgs(cursor: Cursor, count: number): readonly bigint[] {
    if (count > MAX_ARGS) throw bad(this.head.hook, `${count} arguments`);
    const at = cursor.take(count * WORD);
    return Array.from({ length: count }, (_, index) =>
      this.description.readBigUInt64LE(at + index * WORD),
    );
  }

  #readObjects(cursor: Cursor, count: number): readonly ObjectView[] {
    if (count > MAX_AREAS) throw bad(this.head.hook, `${count} objects`);
    const extras = this.#at + RECORD.at.extra;
    return Array.from({ length: count }, (_, index) => {
      const extra = extras + index * EXTRA.bytes;
      return readObject(cursor, this.#memory.subarray(extra, extra + EXTRA.bytes));
    });
  }

  #area(index: number): { readonly bytes: Buffer; readonly flags: number } {
    const start = this.#at + RECORD.bytes + index * PATH.bytes;
    const length = this.#memory.readUInt32LE(start + PATH.at.length);
    if (length > PATH.size.text) throw bad(this.head.hook, `a path of ${length} bytes`);
    const flags = this.#memory.readUInt32LE(start + PATH.at.flags);
    const text = start + PATH.at.text;
    return { bytes: this.#memory.subarray(text, text + length), flags };
  }
}

/** Goes through a description from one part to the next. */
export class Cursor {
  readonly bytes: Buffer;
  #at: number;
  readonly #hook: HookName;

  constructor(bytes: Buffer, at: number, hook: HookName) {
    this.bytes = bytes;
    this.#at = at;
    this.#hook = hook;
  }

  get at(): number {
    return this.#at;
  }

  /** Offset of the next `count` bytes, which are there. @throws BpfSensorError BAD_RECORD */
  take(count: number): number {
    const at = this.#at;
    this.#at += count;
    if (this.#at > this.bytes.length) throw bad(this.#hook, "its parts are longer than it is");
    return at;
  }

  end(): void {
    if (this.#at !== this.bytes.length) throw bad(this.#hook, "something is behind its last part");
  }
}

/**
 * What a record says whatever its description holds.
 * @throws BpfSensorError BAD_RECORD
 */
export function readHead(memory: Buffer, at: number, bytes: number): RecordHead {
  if (bytes < RECORD.bytes || at + bytes > memory.length)
    throw new BpfSensorError("BAD_RECORD", `a record of ${bytes} bytes in the ring; ${REMEDY}`);
  const hook = KERNEL_HOOKS[memory.readUInt16LE(at + RECORD.at.hook)];
  if (hook === undefined)
    throw new BpfSensorError("BAD_RECORD", `a record of an unknown hook in the ring; ${REMEDY}`);
  const areas = memory.readUInt32LE(at + RECORD.at.paths);
  const size = memory.readUInt32LE(at + RECORD.at.size);
  if (areas > MAX_AREAS || size !== RECORD.bytes + areas * PATH.bytes || size > bytes)
    throw bad(hook, `${size} bytes with ${areas} paths in ${bytes}`);
  const words = memory.readUInt32LE(at + RECORD.at.words);
  if (words > Limit.words || words * WORD < WHO.bytes + WHAT.bytes)
    throw bad(hook, `a description of ${words} words`);
  const key = new Uint32Array(4);
  for (let i = 0; i < 4; i++) key[i] = memory.readUInt32LE(at + RECORD.at.key + 4 * i);
  return {
    hook,
    key,
    flags: memory.readUInt16LE(at + RECORD.at.flags),
    slot: memory.readUInt32LE(at + RECORD.at.slot),
    serial: memory.readUInt32LE(at + RECORD.at.serial),
    sequence: memory.readBigUInt64LE(at + RECORD.at.sequence),
    tid: memory.readUInt32LE(at + RECORD.at.tid),
    tgid: memory.readUInt32LE(at + RECORD.at.tgid),
  };
}

const REMEDY =
  "the programs in the kernel are of another version (galgo doctor --cleanup removes them)";

function bad(hook: HookName, what: string): BpfSensorError {
  return new BpfSensorError("BAD_RECORD", `a record of ${hook} is not whole: ${what}; ${REMEDY}`, {
    facts: { hook },
  });
}

function readWho(description: Buffer): SeenActor {
  const u32 = (at: number): number => description.readUInt32LE(at);
  return {
    identity: u32(WHO.at.identity),
    coe: {
      uid: u32(WHO.at.uid),
      euid: u32(WHO.at.euid),
      suid: u32(WHO.at.suid),
      gid: u32(WHO.at.gid),
      egid: u32(WHO.at.egid),
      sgid: u32(WHO.at.sgid),
      fsuid: u32(WHO.at.fsuid),
      fsgid: u32(WHO.at.fsgid),
      capeff: description.readBigUInt64LE(WHO.at.capeff),
    },
    rootMount: description.readBigUInt64LE(WHO.at.rootMount),
    rootInode: description.readBigUInt64LE(WHO.at.rootInode),
  };
}

function upToNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}
