// SPDX-License-Identifier: Apache-2.0
// The members of a CELL that are a number or a text, by the names that rules give them: `backlog`, `args.1`.
import type { HookName } from "../../event/event.ts";
import { HOOKS } from "../../event/index.ts";
import type { FieldKind } from "../../event/layout.ts";

/** What stands for all values of a kind that a rule may leave out. */
const NEUTRAL: { readonly [K in FieldKind]?: number | bigint | string } = {
  u16: 0,
  u32: 0,
  i32: 0,
  mode: 0,
  u64: 0n,
  i64: 0n,
  mask: 0n,
  text: "",
  base64: "",
};
const LISTS: { readonly [K in FieldKind]?: number | bigint } = { u32s: 0, u64s: 0n };

/** A member, or one number of a list. */
export interface ValueMember {
  readonly member: string;
  readonly index: number | undefined;
  readonly neutral: number | bigint | string;
}

/** Finds a member of a hook by its name in a rule; undefined when the hook has none that is a number or a text. */
export function valueMember(hook: HookName, name: string): ValueMember | undefined {
  const dot = name.indexOf(".");
  const member = dot < 0 ? name : name.slice(0, dot);
  const field = HOOKS[hook].cell.find((one) => one.member === member);
  if (field === undefined) return undefined;
  const neutral = dot < 0 ? NEUTRAL[field.kind] : LISTS[field.kind];
  if (neutral === undefined) return undefined;
  return { member, index: dot < 0 ? undefined : Number(name.slice(dot + 1)), neutral };
}

/** Every member of a hook that a rule may name; a list stands for its numbers. */
export function valueMembers(hook: HookName): readonly string[] {
  return HOOKS[hook].cell.flatMap(({ member, kind }) => {
    if (NEUTRAL[kind] !== undefined) return [member];
    return LISTS[kind] === undefined ? [] : [`${member}.N`];
  });
}

/** The value with what the rule leaves out replaced; `value` itself when nothing is there. */
export function withoutValue(value: unknown, { index, neutral }: ValueMember): unknown {
  if (index === undefined) return value === undefined ? value : neutral;
  if (!Array.isArray(value) || index >= value.length || value[index] === neutral) return value;
  return value.with(index, neutral);
}
