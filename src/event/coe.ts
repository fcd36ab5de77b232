// SPDX-License-Identifier: Apache-2.0
// The Context Of Execution: who acts. Members and order are those of a TSEM export record.

/** Credentials of the acting task when the event happened. Ids are u32; `capeff` is the 64-bit effective capability mask. */
export interface Coe {
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  readonly gid: number;
  readonly egid: number;
  readonly sgid: number;
  readonly fsuid: number;
  readonly fsgid: number;
  readonly capeff: bigint;
}
