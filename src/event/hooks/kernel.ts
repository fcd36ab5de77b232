// SPDX-License-Identifier: Apache-2.0
// Hooks about the kernel itself: what is loaded into it, its log, clock, BPF programs and tunnel devices.
import type { KernelCells } from "../cell/kernel.ts";
import type { HookSpecs } from "../layout.ts";

export const KERNEL_HOOKS: HookSpecs<KernelCells> = {
  kernel_module_request: { words: "makes the kernel load a module", cell: [["kmodName", "text"]] },
  kernel_load_data: {
    words: "loads data into the kernel",
    cell: [
      ["id", "u32"],
      ["contents", "u32"],
    ],
  },
  kernel_read_file: {
    words: "loads a file into the kernel",
    cell: [
      ["file", "file"],
      ["id", "u32"],
      ["contents", "u32"],
    ],
  },
  syslog: { words: "uses the kernel log", cell: [["type", "i32"]] },
  settime: {
    words: "sets the clock",
    cell: [
      ["seconds", "i64?", "ts.seconds"],
      ["nsecs", "i64?", "ts.nsecs"],
      ["minuteswest", "i32?", "tz.minuteswest"],
      ["dsttime", "i32?", "tz.dsttime"],
    ],
  },
  bpf: {
    words: "uses bpf",
    cell: [
      ["cmd", "i32"],
      ["size", "u32?", "attr.size"],
    ],
  },
  bpf_map: {
    words: "uses a bpf map",
    cell: [
      ["mapType", "u32", "map.map_type"],
      ["fmode", "u32", "fmode", ["map.fmode"]],
    ],
  },
  bpf_prog: {
    words: "uses a bpf program",
    cell: [
      ["type", "u32", "prog.type"],
      ["attachType", "u32", "prog.attach_type"],
    ],
  },
  tun_dev_create: { words: "makes a tunnel device", cell: [] },
  tun_dev_attach_queue: { words: "attaches a queue to a tunnel device", cell: [["sock", "sock"]] },
  tun_dev_attach: { words: "attaches to a tunnel device", cell: [["members", "rest?"]] },
  tun_dev_open: { words: "opens a tunnel device", cell: [] },
};
