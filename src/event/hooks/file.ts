// SPDX-License-Identifier: Apache-2.0
// Hooks about open files.
import type { FileCells } from "../cell/file.ts";
import type { HookSpecs } from "../layout.ts";

const COMMAND = [
  ["file", "file"],
  ["cmd", "u32"],
] as const;

export const FILE_HOOKS: HookSpecs<FileCells> = {
  file_open: { words: "opens", cell: [["file", "file"]] },
  file_receive: { words: "is given an open file", cell: [["file", "file"]] },
  file_ioctl: { words: "controls a device", cell: COMMAND },
  file_ioctl_compat: { words: "controls a device as a 32-bit program", cell: COMMAND },
  file_lock: { words: "locks a file", cell: COMMAND },
  file_fcntl: { words: "changes an open file", cell: COMMAND },
  mmap_file: {
    words: "maps into memory",
    cell: [
      ["file", "file?"],
      ["prot", "u32"],
      ["flags", "u32"],
    ],
  },
  bprm_committed_creds: { words: "becomes the program", cell: [["file", "file"]] },
};
