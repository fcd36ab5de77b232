// SPDX-License-Identifier: Apache-2.0
// How a CELL is laid out: its members in TSEM's order, each with a kind. The record codec and the mappings read this table
// (hooks.ts), so a hook is described once.
import type { DentryId, DeviceId, FileId, InodeId, InodeSetattrCell, PathId } from "./cell/file.ts";
import type { SockAddr, SockId } from "./cell/socket.ts";

/** Kinds of a member and what they hold. `mode` is 16 bits written in octal, `mask` a u64 written in hex, `task` a TASK_ID in hex. */
export interface KindValue {
  u16: number;
  u32: number;
  i32: number;
  mode: number;
  u64: bigint;
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
  u32s: readonly number[];
  u64s: readonly bigint[];
}

export type FieldKind = keyof KindValue;

type KindOf<T> = {
  [K in FieldKind]: [T] extends [KindValue[K]] ? ([KindValue[K]] extends [T] ? K : never) : never;
}[FieldKind];

type Marked<T, K extends string> = undefined extends T ? `${K}?` : K;

/**
 * One member: its name in the CELL type, its kind (with `?` exactly when it may be absent), and its name in a record when that
 * is not the snake_case form; `a.b` puts it into an object `a` of the record.
 */
export type FieldSpec<C> = {
  [M in keyof C & string]-?:
    | readonly [M, Marked<C[M], KindOf<NonNullable<C[M]>>>]
    | readonly [M, Marked<C[M], KindOf<NonNullable<C[M]>>>, string];
}[keyof C & string];

/** A member as the codecs use it. */
export interface Field {
  readonly member: string;
  readonly kind: FieldKind;
  readonly optional: boolean;
  /** Name in a record. */
  readonly json: string;
  /** Object of the record that holds it, when not the CELL itself. */
  readonly group?: string;
}

/** Makes the table form of a member. */
export function fieldOf(
  spec: readonly [string, string] | readonly [string, string, string],
): Field {
  const [member, marked, name = snakeCase(member)] = spec;
  const optional = marked.endsWith("?");
  const kind = (optional ? marked.slice(0, -1) : marked) as FieldKind;
  const dot = name.indexOf(".");
  const json = name.slice(dot + 1);
  return dot < 0
    ? { member, kind, optional, json }
    : { member, kind, optional, json, group: name.slice(0, dot) };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}
