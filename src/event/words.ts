// SPDX-License-Identifier: Apache-2.0
// One line in plain words for every event: what the task does. Untrusted text is quoted.
import type { CellByHook, SecurityEvent } from "./event.ts";
import { FILE_WORDS, INODE_WORDS } from "./file-words.ts";
import { HOOKS } from "./hooks.ts";
import { IPC_WORDS } from "./ipc-words.ts";
import { KERNEL_WORDS, MOUNT_WORDS } from "./kernel-words.ts";
import { OWN_WORDS } from "./own-words.ts";
import type { ProgramNames, WordsOf } from "./program-names.ts";
import { SOCKET_WORDS } from "./socket-words.ts";
import { TASK_WORDS } from "./task-words.ts";
import { isUntold } from "./untold.ts";

const WORDS: WordsOf<CellByHook> = {
  ...FILE_WORDS,
  ...INODE_WORDS,
  ...SOCKET_WORDS,
  ...TASK_WORDS,
  ...IPC_WORDS,
  ...MOUNT_WORDS,
  ...KERNEL_WORDS,
  ...OWN_WORDS,
};

const NO_NAMES: ProgramNames = () => undefined;

/**
 * What the task does, without the subject: `opens /etc/shadow for reading`, `connects to 10.0.0.1:443 (tcp)`. One line, fit for a
 * terminal whatever the event holds. `names` gives the path of a program by its TASK_ID where another process is acted on.
 */
export function describeEvent(e: SecurityEvent, names: ProgramNames = NO_NAMES): string {
  if (isUntold(e)) return `${HOOKS[e.hook].words} (the record does not say more)`;
  const describe = WORDS[e.hook] as (e: SecurityEvent, names: ProgramNames) => string;
  return describe(e, names);
}
