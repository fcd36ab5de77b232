// SPDX-License-Identifier: Apache-2.0
// CELLs about the kernel itself: what is loaded into it, its log, its clock, its BPF programs, its tunnel devices.
import type { FileId } from "./file.ts";
import type { SocketCell } from "./socket.ts";

export interface KernelModuleRequestCell {
  readonly kmodName: string;
}
export interface KernelLoadDataCell {
  readonly id: number;
  readonly contents: number;
}
export interface KernelReadFileCell {
  readonly file: FileId;
  readonly id: number;
  readonly contents: number;
}
export interface SyslogCell {
  readonly type: number;
}
/** The clock (`seconds`, `nsecs`), the time zone, or both. */
export interface SettimeCell {
  readonly seconds?: bigint;
  readonly nsecs?: bigint;
  readonly minuteswest?: number;
  readonly dsttime?: number;
}
/** `size` is that of the attributes that were passed. */
export interface BpfCell {
  readonly cmd: number;
  readonly size?: number;
}
export interface BpfMapCell {
  readonly mapType: number;
  readonly fmode: number;
}
export interface BpfProgCell {
  readonly type: number;
  readonly attachType: number;
}
/** Nothing is said of the object. */
export type EmptyCell = Readonly<Record<never, never>>;
/** Members that no description of TSEM names, as the text of a JSON object; absent when there are none. */
export interface GenericCell {
  readonly members?: string;
}

/** Hooks about the kernel. */
export interface KernelCells {
  kernel_module_request: KernelModuleRequestCell;
  kernel_load_data: KernelLoadDataCell;
  kernel_read_file: KernelReadFileCell;
  syslog: SyslogCell;
  settime: SettimeCell;
  bpf: BpfCell;
  bpf_map: BpfMapCell;
  bpf_prog: BpfProgCell;
  tun_dev_create: EmptyCell;
  tun_dev_attach_queue: SocketCell;
  tun_dev_attach: GenericCell;
  tun_dev_open: EmptyCell;
}
