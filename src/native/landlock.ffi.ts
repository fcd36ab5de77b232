// SPDX-License-Identifier: Apache-2.0
// Landlock: rulesets of paths, and restricting a thread by one. Rights are bits as in linux/landlock.h.
import { c, errno } from "./libc.ffi.ts";
import { NativeError } from "./native-error.ts";

/** The same on x86-64 and aarch64. */
const NR_CREATE_RULESET = 444;
const NR_ADD_RULE = 445;
const NR_RESTRICT_SELF = 446;
const CREATE_RULESET_VERSION = 1;
const RULE_PATH_BENEATH = 1;
const PATH_BENEATH_BYTES = 12;

/** Rights that a floor deals with. REFER (ABI 2) is denied by every ruleset that does not handle and give it. */
export const LANDLOCK_FS: Readonly<Record<"readFile" | "readDir" | "refer", number>> = {
  readFile: 0x4,
  readDir: 0x8,
  refer: 0x2000,
};

function check(call: string, result: unknown): number {
  const value = Number(result);
  if (value < 0) throw NativeError.ofCall(call, errno());
  return value;
}

/** Landlock's ABI version; 0: this kernel has none, or it was switched off. */
export function landlockAbi(): number {
  const call = c("long syscall(long, void *, long, long)");
  return Math.max(0, Number(call(NR_CREATE_RULESET, null, 0, CREATE_RULESET_VERSION)));
}

/**
 * An empty ruleset that denies the rights `handled` everywhere. The caller closes it.
 * @throws NativeError CALL_FAILED
 */
export function createRuleset(handled: number): number {
  const attr = Buffer.alloc(8);
  attr.writeBigUInt64LE(BigInt(handled));
  const call = c("long syscall(long, void *, long, long)");
  return check("landlock_create_ruleset", call(NR_CREATE_RULESET, attr, attr.length, 0));
}

/**
 * Gives rights on a file, or on everything below a directory.
 * @param fd the file or directory; O_PATH is enough
 * @throws NativeError CALL_FAILED; EINVAL: a right that only directories have, on a file
 */
export function allowBeneath(ruleset: number, fd: number, rights: number): void {
  const attr = Buffer.alloc(PATH_BENEATH_BYTES);
  attr.writeBigUInt64LE(BigInt(rights));
  attr.writeInt32LE(fd, 8);
  const call = c("long syscall(long, long, long, void *, long)");
  check("landlock_add_rule", call(NR_ADD_RULE, ruleset, RULE_PATH_BENEATH, attr, 0));
}

/** Restricts the calling thread and what it starts, for good. @throws NativeError CALL_FAILED */
export function restrictSelf(ruleset: number): void {
  const call = c("long syscall(long, long, long)");
  check("landlock_restrict_self", call(NR_RESTRICT_SELF, ruleset, 0));
}
