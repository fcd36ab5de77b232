// SPDX-License-Identifier: Apache-2.0
// How the TSEM control plane fails. `facts.errno` is the name of the errno where the kernel said no.
import { CodedError } from "../../base/errors.ts";

export class TsemError extends CodedError<
  /** No TSEM file system where one was looked for. */
  | "NO_TSEM"
  /** The kernel does not let this process command TSEM (CAP_MAC_ADMIN). */
  | "NOT_PERMITTED"
  /** A command that does not fit into one write, or holds what it must not hold. */
  | "BAD_COMMAND"
  /** The kernel refused a command. */
  | "REFUSED"
  /** The namespace was made, but its id or its export file does not show. */
  | "NO_NAMESPACE"
  /** The export file gave something that it never gives. */
  | "BAD_EXPORT"
  /** The launcher is missing, did not answer or failed. */
  | "LAUNCH_FAILED"
> {}
