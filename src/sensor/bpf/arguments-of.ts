// SPDX-License-Identifier: Apache-2.0
// The other way through the table of hooks/: from an event to the arguments that its program would describe it with. What a CELL does
// not say exactly (which of a program's forks, ids that stay) gives several possibilities; each is a description of this very event.
import type { IpcPermId } from "../../event/cell/ipc.ts";
import type { SockId } from "../../event/cell/socket.ts";
import type { CredsId } from "../../event/cell/task.ts";
import type { Coe } from "../../event/coe.ts";
import type { SecurityEvent } from "../../event/event.ts";
import { type KernelHook, SOURCES } from "./hooks/index.ts";
import type { Bits, Source } from "./hooks/source.ts";
import { ObjectState, TargetFlag } from "./layout.gen.ts";

const CAP_SETUID = 1n << 7n;
const CAP_SETGID = 1n << 6n;
const SETID = { ID: 1, RE: 2, RES: 4, FS: 8 } as const;
const MAX_POSSIBILITIES = 64;

/** What a description has but objects that are there. */
export interface Arguments {
  readonly args: readonly bigint[];
  /** The words of an object that is absent, where the hook has one. */
  readonly objects: readonly Uint8Array[];
  readonly text: Uint8Array;
}

/** Numbers that stand for a TASK_ID. */
export type NumbersOf = (taskId: string) => readonly number[];

/** What a source may put into the arguments: for each possibility, words to be joined with what others put there. */
type Possibility = ReadonlyMap<number, bigint>;

const NO_TEXT = new Uint8Array(0);
/** Text of which the programs have only the beginning in a description, and which they never recognise. */
const MAX_TEXT = 248;
/** The one word of an object that is not there: its state. */
const ABSENT: Uint8Array = Uint8Array.of(0, 0, ObjectState.absent, 0, 0, 0, 0, 0);
const NOBODY = /^0*$/;

/**
 * The descriptions of an event without objects; none when an identity in it has no number yet, or its program tells more than the CELL.
 */
export function argumentsOf(event: SecurityEvent, numbersOf: NumbersOf): readonly Arguments[] {
  const sources = SOURCES[event.hook as KernelHook] as Readonly<Record<string, Source>>;
  const cell = event.cell as unknown as Readonly<Record<string, unknown>>;
  let made: readonly Possibility[] = [new Map()];
  let text: Uint8Array = NO_TEXT;
  for (const [member, source] of Object.entries(sources)) {
    if (source.from === "listed ids") text = idsText(cell[member] as readonly number[]);
    const added = possibilities(source, cell[member], { event, cell, numbersOf });
    if (added === undefined) return [];
    made = made.flatMap((one) => added.map((other) => joined(one, other)));
    if (made.length > MAX_POSSIBILITIES) return [];
  }
  if (text.length > MAX_TEXT) return [];
  const count = Math.max(0, ...Object.values(sources).map(endOf));
  const objects = Object.values(sources).some(({ from }) => from === "file") ? [ABSENT] : [];
  return made.map((words) => ({
    objects,
    args: Array.from({ length: count }, (_, index) => words.get(index) ?? 0n),
    text,
  }));
}

interface Context {
  readonly event: SecurityEvent;
  readonly cell: Readonly<Record<string, unknown>>;
  readonly numbersOf: NumbersOf;
}

function joined(one: Possibility, other: Possibility): Possibility {
  const words = new Map(one);
  for (const [at, word] of other) words.set(at, (words.get(at) ?? 0n) | word);
  return words;
}

/** Number of arguments up to the last one that a source takes. */
function endOf(source: Source): number {
  switch (source.from) {
    case "bits":
    case "task":
    case "outside":
      return source.arg + 1;
    case "creds":
      return Math.max(source.arg + 5, source.securebits.arg + 1);
    case "own creds":
      return source.securebits.arg + 1;
    case "sock":
      return source.arg + 2;
    case "perm":
    case "changed ids":
      return 3;
    case "listed ids":
      return 1;
    default:
      return 0;
  }
}

/** undefined: it can not be said. */
function possibilities(
  source: Source,
  value: unknown,
  context: Context,
): readonly Possibility[] | undefined {
  switch (source.from) {
    case "bits":
      return [new Map([bitsWord(source, value as number | bigint)])];
    case "file":
      // memory that is no file's; else the words of the file would be needed
      return value === undefined ? [new Map()] : undefined;
    case "actor":
    case "outside":
    case "constant":
      // who acts is told before, and who is outside with the task
      return [new Map()];
    case "task":
      return tasks(source.arg, value as string, context);
    case "creds":
      return [credsWords(source.arg, source.securebits, value as CredsId)];
    case "own creds":
      return [new Map([bitsWord(source.securebits, (value as CredsId).securebits)])];
    case "perm":
      return perms(value as IpcPermId, context);
    case "sock":
      return socks(source.arg, value as SockId, context);
    case "changed ids":
      return changes(value as readonly number[], context);
    case "listed ids":
      return [new Map([[0, BigInt((value as readonly number[]).length)]])];
    default:
      return undefined;
  }
}

function bitsWord({ arg, shift, width }: Bits, value: number | bigint): [number, bigint] {
  return [arg, BigInt.asUintN(width, BigInt(value)) << BigInt(shift)];
}

function pair(low: number, high: number): bigint {
  return BigInt(low) | (BigInt(high) << 32n);
}

/** The id of nobody is that of a task outside the namespace, and of those that have run no program yet. */
function tasks(
  arg: number,
  taskId: string,
  { cell, numbersOf }: Context,
): readonly Possibility[] | undefined {
  const numbers = cell["crossNs"] === 1 ? [] : numbersOf(taskId);
  const inside = numbers.map((number) => new Map([[arg, BigInt(number)]]));
  if (!NOBODY.test(taskId) || cell["crossNs"] === 0)
    return inside.length === 0 ? undefined : inside;
  return [...inside, new Map([[arg, pair(0, TargetFlag.outside)]])];
}

function credsWords(at: number, securebits: Bits, creds: CredsId): Possibility {
  return joined(
    new Map([
      [at, pair(creds.uid, creds.euid)],
      [at + 1, pair(creds.suid, creds.gid)],
      [at + 2, pair(creds.egid, creds.sgid)],
      [at + 3, pair(creds.fsuid, creds.fsgid)],
      [at + 4, creds.capeff],
    ]),
    new Map([bitsWord(securebits, creds.securebits)]),
  );
}

/** Numbers of who made something; 0 as well for the id of nobody. */
function makers(taskId: string | undefined, numbersOf: NumbersOf): readonly number[] {
  if (taskId === undefined) return [0];
  const numbers = numbersOf(taskId);
  return NOBODY.test(taskId) ? [0, ...numbers] : numbers;
}

function perms(perm: IpcPermId, { numbersOf }: Context): readonly Possibility[] | undefined {
  const owners = makers(perm.owner, numbersOf);
  if (owners.length === 0) return undefined;
  return owners.map(
    (owner) =>
      new Map([
        [0, pair(perm.uid, perm.gid)],
        [1, pair(perm.cuid, perm.cgid)],
        [2, pair(perm.mode, owner)],
      ]),
  );
}

function socks(
  at: number,
  sock: SockId,
  { numbersOf }: Context,
): readonly Possibility[] | undefined {
  const owners = makers(sock.owner, numbersOf);
  if (owners.length === 0) return undefined;
  const kind = pair(sock.family, sock.protocol) | (BigInt(sock.type) << 16n);
  return owners.map(
    (owner) =>
      new Map([
        [at, kind],
        [at + 1, BigInt(owner)],
      ]),
  );
}

/** The ids that there can be after a change: those that the CELL does not say stay, or follow the effective one (setresuid(2), setreuid(2)). */
function changes(ids: readonly number[], { event, cell }: Context): readonly Possibility[] {
  const old = idsBefore(event.hook, event.coe);
  const [first = 0, second = 0, third = 0] = ids;
  const flags = cell["flags"];
  const words = (real: number, effective: number, saved: number, filesystem: number): Possibility =>
    new Map([
      [1, pair(real, effective)],
      [2, pair(saved, filesystem)],
    ]);
  if (flags === SETID.FS) return [words(old.real, old.effective, old.saved, first)];
  if (flags === SETID.RES) return [words(first, second, third, second)];
  if (flags === SETID.RE)
    return [words(first, second, second, second), words(first, second, old.saved, second)];
  return [old.may ? words(first, first, first, first) : words(old.real, first, old.saved, first)];
}

function idsBefore(
  hook: string,
  coe: Coe,
): {
  readonly real: number;
  readonly effective: number;
  readonly saved: number;
  readonly may: boolean;
} {
  return hook === "task_fix_setuid"
    ? { real: coe.uid, effective: coe.euid, saved: coe.suid, may: (coe.capeff & CAP_SETUID) !== 0n }
    : {
        real: coe.gid,
        effective: coe.egid,
        saved: coe.sgid,
        may: (coe.capeff & CAP_SETGID) !== 0n,
      };
}

function idsText(ids: readonly number[]): Uint8Array {
  const text = Buffer.alloc(4 * ids.length);
  for (const [index, id] of ids.entries()) text.writeUInt32LE(id, 4 * index);
  return text;
}
