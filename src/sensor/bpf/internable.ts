// SPDX-License-Identifier: Apache-2.0
// Whether the programs may recognise an event by themselves from now on: only where an equal key always means an equal coefficient,
// and nothing has to be done each time.
import type { HookName } from "../../event/event.ts";
import type { Decision } from "../sensor.ts";
import { RecordFlag } from "./layout.gen.ts";
import type { RecordHead } from "./types.ts";

/** Hooks whose event makes an object with a number of its own. */
export const CREATING_HOOKS: ReadonlySet<HookName> = new Set<HookName>([
  "inode_create",
  "inode_mkdir",
  "inode_mknod",
  "inode_symlink",
]);

/** The programs know better, or have not told all of it. */
const NOT_BY_FLAG: number = RecordFlag.never | RecordFlag.truncated;

export interface InternFacts {
  readonly head: RecordHead;
  readonly decision: Decision;
  /** What is keyed names the contents that were looked at for good. */
  readonly settled: boolean;
  /** The rules have created objects as (directory, creator, class), so that they need no number. */
  readonly createdClass: boolean;
}

/** True when the key of the record may be put into the interned set. */
export function mayIntern({ head, decision, settled, createdClass }: InternFacts): boolean {
  if (decision.action !== "allow" || decision.discipline) return false;
  if ((head.flags & NOT_BY_FLAG) !== 0 || !settled) return false;
  return createdClass || !CREATING_HOOKS.has(head.hook);
}
