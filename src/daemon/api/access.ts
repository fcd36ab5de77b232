// SPDX-License-Identifier: Apache-2.0
// Who may do what. Whoever can connect may see which workloads run; what one of them does, and orders to it, are for its owner,
// root, and the user of the daemon.
import { quote } from "../../base/quote.ts";
import type { Peer } from "../../native/unix-socket.ffi.ts";
import { ApiError } from "../errors.ts";

function isOperator({ uid }: Peer): boolean {
  return uid === 0 || uid === process.getuid?.();
}

/** @throws ApiError NOT_ALLOWED */
export function requireOwner(
  peer: Peer,
  run: { readonly name: string; readonly owner: number },
): void {
  if (isOperator(peer) || peer.uid === run.owner) return;
  throw new ApiError(
    "NOT_ALLOWED",
    `the workload ${quote(run.name)} is of user ${run.owner}: only he and root may do that`,
  );
}

/** @throws ApiError NOT_ALLOWED */
export function requireOperator(peer: Peer): void {
  if (isOperator(peer)) return;
  throw new ApiError("NOT_ALLOWED", "only root and the user of the daemon may do that");
}
