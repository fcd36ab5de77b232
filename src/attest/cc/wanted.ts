// SPDX-License-Identifier: Apache-2.0
// What a verifier asks of any report: the nonce's bytes in it, and one of the measurements that are known to be good.
import { bytesToHex } from "../../base/hex.ts";
import { CcError } from "./errors.ts";

export interface Wanted {
  /** 64 bytes that the guest must have put into the report. */
  readonly reportData?: Uint8Array;
  /** Hex of the launch measurements that are taken; any when absent. */
  readonly measurements?: readonly string[];
}

/** Throws `CcError` when a report is not about what was asked for. `what` names the report. */
export function checkWanted(
  what: string,
  report: { readonly reportData: Uint8Array; readonly measurement: Uint8Array },
  wanted: Wanted,
): void {
  const data = bytesToHex(report.reportData);
  if (wanted.reportData !== undefined && bytesToHex(wanted.reportData) !== data) {
    throw new CcError("WRONG_REPORT_DATA", `${what}: made for other data (${data})`);
  }
  const measurement = bytesToHex(report.measurement);
  if (wanted.measurements !== undefined && !wanted.measurements.includes(measurement)) {
    throw new CcError(
      "WRONG_MEASUREMENT",
      `${what}: measurement ${measurement} is not a known one`,
    );
  }
}
