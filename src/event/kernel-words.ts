// SPDX-License-Identifier: Apache-2.0
// What is done to filesystems as a whole and to the kernel itself, in words.
import { quote } from "../base/quote.ts";
import { socketWords } from "./address-words.ts";
import type { KernelCells, SettimeCell, SyslogCell } from "./cell/kernel.ts";
import type { MountCells, QuotactlCell, SbMountCell } from "./cell/mount.ts";
import { dentryWords, pathWords } from "./file-words.ts";
import {
  BPF_COMMANDS,
  BPF_MAPS,
  BPF_PROGRAMS,
  bitsOf,
  KERNEL_DATA,
  MOUNT_FLAGS,
  nameOf,
  SYSLOG_ACTIONS,
} from "./names-table.ts";
import type { WordsOf } from "./program-names.ts";

function mountWords({ devName, path, type, flags }: SbMountCell): string {
  const names = bitsOf(MOUNT_FLAGS, Number(flags & 0xffff_ffffn));
  const what = devName === undefined ? "a filesystem" : quote(devName);
  const details = [...(type === undefined ? [] : [quote(type)]), ...names].join(", ");
  return `mounts ${what} on ${pathWords(path)}${details === "" ? "" : ` (${details})`}`;
}

function syslogWords({ type }: SyslogCell): string {
  return SYSLOG_ACTIONS.get(type) ?? `uses the kernel log (action ${type})`;
}

function settimeWords({ seconds, minuteswest }: SettimeCell): string {
  const clock = seconds === undefined ? [] : [`the clock to ${seconds} s`];
  const zone = minuteswest === undefined ? [] : [`the time zone to ${minuteswest} min west`];
  return `sets ${[...clock, ...zone].join(" and ") || "the clock"}`;
}

function quotaWords({ cmds, type, id, dentry }: QuotactlCell): string {
  const whose = ["user", "group", "project"][type] ?? `type ${type}`;
  const command = `command 0x${(cmds >>> 0).toString(16)}`;
  return `uses the disk quotas of the filesystem at ${dentryWords(dentry)} (${command}, ${whose} ${id})`;
}

/** What is done to filesystems as a whole. */
export const MOUNT_WORDS: WordsOf<MountCells> = {
  sb_mount: (e) => mountWords(e.cell),
  sb_umount: (e) => `unmounts ${dentryWords(e.cell.dentry)}`,
  sb_remount: ({ cell }) =>
    `changes how the ${quote(cell.fstype)} at ${dentryWords(cell.dentry)} is mounted`,
  sb_pivotroot: ({ cell }) =>
    `makes ${pathWords(cell.to)} the root filesystem and moves the old one to ${pathWords(cell.from)}`,
  sb_statfs: (e) => `asks about the filesystem of ${dentryWords(e.cell.dentry)}`,
  move_mount: ({ cell }) => `moves the mount at ${pathWords(cell.from)} to ${pathWords(cell.to)}`,
  quotactl: (e) => quotaWords(e.cell),
  quota_on: (e) => `turns on disk quotas with ${dentryWords(e.cell.dentry)}`,
};

/** What is done to the kernel itself. */
export const KERNEL_WORDS: WordsOf<KernelCells> = {
  kernel_module_request: (e) => `makes the kernel load the module ${quote(e.cell.kmodName)}`,
  kernel_load_data: (e) => `loads a ${nameOf(KERNEL_DATA, e.cell.id)} into the kernel`,
  kernel_read_file: ({ cell }) =>
    `loads ${pathWords(cell.file.path)} into the kernel as ${nameOf(KERNEL_DATA, cell.id)}`,
  syslog: (e) => syslogWords(e.cell),
  settime: (e) => settimeWords(e.cell),
  bpf: (e) => `uses bpf (${nameOf(BPF_COMMANDS, e.cell.cmd)})`,
  bpf_map: (e) => `uses a bpf map (${nameOf(BPF_MAPS, e.cell.mapType)})`,
  bpf_prog: (e) => `uses a bpf program (${nameOf(BPF_PROGRAMS, e.cell.type)})`,
  tun_dev_create: () => "makes a tunnel device",
  tun_dev_attach_queue: (e) => `attaches a queue to a tunnel device (${socketWords(e.cell.sock)})`,
  tun_dev_attach: () => "attaches to a tunnel device",
  tun_dev_open: () => "opens a tunnel device",
};
