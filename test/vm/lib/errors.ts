// SPDX-License-Identifier: Apache-2.0
// What goes wrong with guests, apart from what the commands in them do.
import { CodedError } from "../../../src/base/errors.ts";

export type VmErrorCode =
  | "vm-unable" // this machine can not do it (no root, no QEMU, no network ..)
  | "vm-image" // an image could not be made
  | "vm-boot" // the guest did not come up
  | "vm-gone" // the guest, or the connection to it, ended
  | "vm-timeout" // a command took too long
  | "vm-command"; // a command that had to succeed did not

export class VmError extends CodedError<VmErrorCode> {}
