// SPDX-License-Identifier: Apache-2.0
// How a CELL is laid out: its members in TSEM's order, each with a kind. The record codecs and the mappings read this table
// (hooks.ts), so a hook is described once.
import type { DentryId, DeviceId, FileId, InodeId, PathId } from "./cell/file.ts";
import type { InodeSetattrCell } from "./cell/inode.ts";
import type { IpcPermId } from "./cell/ipc.ts";
import type { SockAddr, SockId } from "./cell/socket.ts";
import type { CredsId } from "./cell/task.ts";
import type { CellByHook, HookName } from "./event.ts";

/**
 * Kinds of a member and what they hold. `mode` is 16 bits written in octal, `mask` a u64 written in hex, `task` a TASK_ID in hex.
 * `i32` and `i64` are C's signed integers, which some kernels print unsigned: both spellings are read, and mean the same bits.
 * `rest` is the text of a JSON object that stands for the whole CELL.
 */
export interface KindValue {
  u16: number;
  u32: number;
  i32: number;
  mode: number;
  u64: bigint;
  i64: bigint;
  mask: bigint;
  text: string;
  base64: string;
  task: string;
  file: FileId;
  inode: InodeId;
  path: PathId;
  dentry: DentryId;
  sock: SockId;
  addr: SockAddr;
  device: DeviceId;
  attr: InodeSetattrCell["attr"];
  creds: CredsId;
  perm: IpcPermId;
  u32s: readonly number[];
  u64s: readonly bigint[];
  rest: string;
}

export type FieldKind = keyof KindValue;

type KindOf<T> = {
  [K in FieldKind]: [T] extends [KindValue[K]] ? ([KindValue[K]] extends [T] ? K : never) : never;
}[FieldKind];

type Marked<T, K extends string> = undefined extends T ? `${K}?` : K;

/**
 * One member: its name in the CELL type, its kind (with `?` exactly when it may be absent), its name in a record when that
 * is not the snake_case form, and other names that kernels of other years give it; `a.b` puts it into an object `a` of the record.
 */
export type FieldSpec<C> = {
  [M in keyof C & string]-?:
    | readonly [M, Marked<C[M], KindOf<NonNullable<C[M]>>>]
    | readonly [M, Marked<C[M], KindOf<NonNullable<C[M]>>>, string]
    | readonly [M, Marked<C[M], KindOf<NonNullable<C[M]>>>, string, readonly string[]];
}[keyof C & string];

/** Name of a member in a record. */
export interface FieldName {
  readonly json: string;
  /** Object of the record that holds it, when not the CELL itself. */
  readonly group?: string;
}

/** A member as the codecs use it. */
export interface Field extends FieldName {
  readonly member: string;
  readonly kind: FieldKind;
  readonly optional: boolean;
  /** Where kernels of other years put it. Galgo's own records know one name only. */
  readonly aliases?: readonly FieldName[];
}

/** How the families in hooks/ describe their hooks. */
export interface HookSpec<C> {
  /** What the task does, as a verb phrase without an object. */
  readonly words: string;
  readonly cell: readonly FieldSpec<C>[];
}

/** The hooks of one family. */
export type HookSpecs<Cells> = { readonly [H in keyof Cells & HookName]: HookSpec<CellByHook[H]> };

/** A member of any CELL. */
export type AnyFieldSpec = readonly [string, string, string?, (readonly string[])?];

/** Makes the table form of a member. */
export function fieldOf(spec: AnyFieldSpec): Field {
  const [member, marked, name = snakeCase(member), others] = spec;
  const optional = marked.endsWith("?");
  const kind = (optional ? marked.slice(0, -1) : marked) as FieldKind;
  return {
    member,
    kind,
    optional,
    ...nameOf(name),
    ...(others !== undefined && { aliases: others.map(nameOf) }),
  };
}

function nameOf(name: string): FieldName {
  const dot = name.indexOf(".");
  return dot < 0 ? { json: name } : { json: name.slice(dot + 1), group: name.slice(0, dot) };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}
