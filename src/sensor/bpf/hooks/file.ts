// SPDX-License-Identifier: Apache-2.0
// Hooks about open files and mapped memory (bpf/hooks-file.h).
import type { FileCells } from "../../../event/cell/file.ts";
import { file, type HookSources, low } from "./source.ts";

export const FILE_SOURCES: HookSources<keyof FileCells | "file_mprotect" | "kernel_read_file"> = {
  file_open: { file },
  file_receive: { file },
  file_ioctl: { file, cmd: low(1) },
  file_ioctl_compat: { file, cmd: low(1) },
  file_lock: { file, cmd: low(1) },
  file_fcntl: { file, cmd: low(1) },
  // TSEM gives the protection in both members
  mmap_file: { file, prot: low(1), flags: low(1) },
  file_mprotect: { file, prot: low(1) },
  bprm_committed_creds: { file },
  kernel_read_file: { file, id: low(1), contents: low(2) },
};
