// SPDX-License-Identifier: Apache-2.0
// The path of an object in a record, spelled as /proc/self/fd shows it.
import { decodePath } from "../../base/path-text.ts";
import type { HookName } from "../../event/event.ts";
import { Unseen } from "../file/unseen.ts";
import { PathFlag } from "./layout.gen.ts";
import type { ObjectView } from "./record-object.ts";

/** Filesystems whose files lie in no directory (uapi/linux/magic.h). */
const PIPEFS = 0x50495045;
const SOCKFS = 0x534f434b;
const ANONYMOUS = 0x09041934;
const NSFS = 0x6e736673;
const PIDFS = 0x50494446;

const DELETED = " (deleted)";
/** As getcwd says it: no name leads there from the task's root. */
const UNREACHABLE = "(unreachable)";

/** Components of a path from the object up to the root, each with its NUL. */
export interface PathArea {
  readonly bytes: Buffer;
  /** enum galgo_path_flags. */
  readonly flags: number;
}

/**
 * Pathname as the acting task names it: absolute in its root; `pipe:[n]` and the like for what has no name.
 * @throws Unseen "path-too-long" when the programs had no room for all of it
 */
export function pathText({ bytes, flags }: PathArea, object: ObjectView, hook: HookName): string {
  if ((flags & PathFlag.truncated) !== 0) throw new Unseen("path-too-long", hook);
  const unreachable = (flags & PathFlag.unreachable) !== 0;
  if (unreachable && bytes.length === 0) {
    const name = nameless(object);
    if (name !== undefined) return name;
  }
  const path = joined(bytes);
  const prefix = unreachable ? UNREACHABLE : "";
  const suffix = (flags & PathFlag.unlinked) !== 0 ? DELETED : "";
  return `${prefix}${path}${suffix}`;
}

/** What the kernel calls a file that lies in no directory; undefined: it is the root of a filesystem. */
function nameless({ magic, inode, name }: ObjectView): string | undefined {
  switch (magic) {
    case PIPEFS:
      return `pipe:[${inode}]`;
    case SOCKFS:
      return `socket:[${inode}]`;
    case NSFS:
      // which kind of namespace it is stands nowhere in reach
      return `nsfs:[${inode}]`;
    case PIDFS:
      return "anon_inode:[pidfd]";
    case ANONYMOUS:
      return `anon_inode:${decodePath(name)}`;
    default: {
      const text = decodePath(name);
      // memory that has a name: memfd:NAME, SYSV00000000, dev/zero
      return text === "" || text === "/" ? undefined : `/${text}${DELETED}`;
    }
  }
}

function joined(bytes: Buffer): string {
  let path = "";
  for (let start = 0; start < bytes.length; ) {
    const nul = bytes.indexOf(0, start);
    const end = nul < 0 ? bytes.length : nul;
    path = `/${decodePath(bytes.subarray(start, end))}${path}`;
    start = end + 1;
  }
  return path === "" ? "/" : path;
}
