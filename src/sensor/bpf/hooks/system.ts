// SPDX-License-Identifier: Apache-2.0
// Hooks about filesystems as a whole and about the kernel itself (bpf/hooks-mount.h, bpf/hooks-kernel.h).
import type { KernelCells } from "../../../event/cell/kernel.ts";
import type { MountCells } from "../../../event/cell/mount.ts";
import { Present } from "../layout.gen.ts";
import {
  dentry,
  high,
  type HookSources,
  low,
  path,
  present,
  type Source,
  text,
  word,
} from "./source.ts";

const more: Source = { from: "more" };

type Hooks = keyof MountCells | Exclude<keyof KernelCells, "kernel_read_file">;

export const SYSTEM_SOURCES: HookSources<Hooks> = {
  sb_mount: {
    devName: present(0, Present.first, text),
    path: path(0),
    type: present(0, Present.second, more),
    flags: word(1),
  },
  sb_umount: { dentry: dentry(0), flags: low(0) },
  sb_remount: { dentry: dentry(0), fstype: text, sFlags: word(0) },
  sb_pivotroot: { from: path(0), to: path(1) },
  sb_statfs: { dentry: dentry(0) },
  move_mount: { from: path(0), to: path(1) },
  quotactl: {
    cmds: low(0),
    type: high(0),
    id: low(1),
    dentry: dentry(0),
    fstype: text,
    sFlags: word(2),
  },
  quota_on: { dentry: dentry(0) },
  kernel_module_request: { kmodName: text },
  kernel_load_data: { id: low(0), contents: low(1) },
  syslog: { type: low(0) },
  settime: {
    seconds: present(0, Present.first, word(1)),
    nsecs: present(0, Present.first, word(2)),
    minuteswest: present(0, Present.second, low(3)),
    dsttime: present(0, Present.second, high(3)),
  },
  bpf: { cmd: low(0), size: low(1) },
  bpf_map: { mapType: low(0), fmode: low(1) },
  bpf_prog: { type: low(0), attachType: low(1) },
  tun_dev_create: {},
  tun_dev_attach_queue: { sock: { from: "untold sock" } },
  tun_dev_attach: { members: { from: "untold" } },
  tun_dev_open: {},
};
