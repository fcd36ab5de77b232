// SPDX-License-Identifier: Apache-2.0
// The key that Galgo shares with an agent behind a port: 64 hex digits in a file that nobody else can read.
import { readFileSync, statSync } from "node:fs";
import { AgentError } from "../agent-errors.ts";
import { DIGEST_BYTES } from "../protocol.ts";

const OTHERS = 0o077;

/** @throws AgentError BAD_OPTION when there is no such file, others may read it, or it holds something else */
export function readAgentKey(file: string): Uint8Array {
  let text: string;
  let mode: number;
  try {
    ({ mode } = statSync(file));
    text = readFileSync(file, "latin1");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AgentError("BAD_OPTION", `${file}: the agent's key can not be read: ${why}`, {
      cause,
    });
  }
  if ((mode & OTHERS) !== 0) {
    throw new AgentError("BAD_OPTION", `${file}: others may open this key; chmod 600 it`);
  }
  const hex = text.trim();
  if (!new RegExp(`^[0-9a-f]{${DIGEST_BYTES * 2}}$`).test(hex)) {
    const want = `${DIGEST_BYTES * 2} lower-case hex digits, as galgo tma provision writes them`;
    throw new AgentError("BAD_OPTION", `${file}: no key of an agent; it has to be ${want}`);
  }
  return Buffer.from(hex, "hex");
}
