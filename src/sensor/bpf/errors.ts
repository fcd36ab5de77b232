// SPDX-License-Identifier: Apache-2.0
// How the BPF sensor fails, apart from calls that the kernel refuses (BpfError, NativeError).
import { CodedError } from "../../base/errors.ts";

export class BpfSensorError extends CodedError<
  /** /dev/fuse can not be used, or says something that it never says. */
  | "FUSE_FAILED"
  /** The process that programs ask through could not be started. */
  | "ANCHOR_FAILED"
  /** There is no BPF file system, and none can be mounted. */
  | "NO_BPFFS"
  /** The built programs are not there. */
  | "NO_PROGRAMS"
  /** The file that is locked while programs are loaded or removed can not be opened. */
  | "NO_LOCK"
  /** Another process holds what this one needs, or all places are taken. */
  | "BUSY"
  /** A namespace that was left in the kernel and can not be gone on with. */
  | "NOT_ADOPTABLE"
  /** A record that is not whole, or not of the programs that this version has loaded. */
  | "BAD_RECORD"
> {}
