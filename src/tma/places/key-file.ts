// SPDX-License-Identifier: Apache-2.0
// The key that Galgo shares with an agent behind a port: 64 hex digits in a file that nobody else can read.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { AgentError } from "../agent-errors.ts";
import { DIGEST_BYTES } from "../protocol.ts";

const OTHERS = 0o077;

/** More than a key has: what is longer is none. */
const MOST_BYTES = 128;

/** @throws AgentError BAD_OPTION when there is no such file, others may read it, or it holds something else */
export function readAgentKey(file: string): Uint8Array {
  const { mode, text } = readStart(file);
  if ((mode & OTHERS) !== 0) {
    throw new AgentError("BAD_OPTION", `${quote(file)}: others may open this key; chmod 600 it`);
  }
  const hex = text.trim();
  if (!new RegExp(`^[0-9a-f]{${DIGEST_BYTES * 2}}$`).test(hex)) {
    const want = `${DIGEST_BYTES * 2} lower-case hex digits, as galgo tma provision writes them`;
    throw new AgentError("BAD_OPTION", `${quote(file)}: no key of an agent; it has to be ${want}`);
  }
  return Buffer.from(hex, "hex");
}

/** What a file begins with. Of a pipe or a device there is no end to wait for. */
function readStart(file: string): { readonly mode: number; readonly text: string } {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const facts = fstatSync(fd);
      if (!facts.isFile()) throw new Error("it is no file");
      const bytes = Buffer.alloc(MOST_BYTES);
      const length = readSync(fd, bytes, 0, MOST_BYTES, 0);
      return { mode: facts.mode, text: bytes.toString("latin1", 0, length) };
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const problem = `${quote(file)}: the agent's key can not be read: ${why}`;
    throw new AgentError("BAD_OPTION", problem, { cause });
  }
}
