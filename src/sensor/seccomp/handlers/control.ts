// SPDX-License-Identifier: Apache-2.0
// clone, where it makes more than a plain fork.
import type { Call } from "../call.ts";
import { CONTINUE, type Reply } from "../reply.ts";
import { namespaces } from "./mount.ts";

const CLONE_VM = 0x100;
const CLONE_PARENT = 0x8000;
/** In clone the low byte is the exit signal, so CLONE_NEWTIME (0x80) can not be asked for. */
const CLONE_NEW = 0x7e020000;

/**
 * clone into new namespaces, with memory that another process can rewrite, or of a sibling, which shows somebody else as its
 * parent. Plain forks are not notified (images.ts).
 */
export function clone(call: Call): Reply {
  const flags = call.u32(0);
  if ((flags & CLONE_PARENT) !== 0) call.task.process.image.makesSiblings = true;
  if ((flags & CLONE_VM) !== 0) call.task.process.sharesMemory = true;
  return (flags & CLONE_NEW) === 0 ? CONTINUE : namespaces(call);
}
