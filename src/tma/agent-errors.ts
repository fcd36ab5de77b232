// SPDX-License-Identifier: Apache-2.0
// Errors of agents that run elsewhere. Each of them means: no verdict. Callers fail closed.
import { CodedError } from "../base/errors.ts";

/**
 * GONE: the link's other end is closed. LATE: no authentic answer in time. REFUSED: the agent answered that it does not do that.
 * FULL: it has no room for the coefficient. NOT_STARTED: there is no agent to talk to. DISAGREES: its model is not what it was told.
 */
export class AgentError extends CodedError<
  "GONE" | "LATE" | "REFUSED" | "FULL" | "NOT_STARTED" | "DISAGREES" | "BAD_OPTION"
> {}
