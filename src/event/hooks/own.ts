// SPDX-License-Identifier: Apache-2.0
// Galgo's own hooks, for what TSEM's vocabulary does not have; the mappings say how they are mapped.
import type { OwnCells } from "../cell/own.ts";
import type { HookSpecs } from "../layout.ts";

const IDS = [
  ["flags", "u32"],
  ["ids", "u32s"],
] as const;

export const OWN_HOOKS: HookSpecs<OwnCells> = {
  file_mprotect: {
    words: "changes the protection of memory",
    cell: [
      ["file", "file?"],
      ["prot", "u32"],
    ],
  },
  path_chroot: { words: "changes its root directory", cell: [["path", "path"]] },
  task_fix_setuid: { words: "changes its user ids", cell: IDS },
  task_fix_setgid: { words: "changes its group ids", cell: IDS },
  task_fix_setgroups: { words: "changes its supplementary groups", cell: IDS },
  syscall: {
    words: "calls the system",
    cell: [
      ["args", "u64s"],
      ["text", "text?"],
    ],
  },
};
