// SPDX-License-Identifier: Apache-2.0
// What is written into a control file: TSEM's commands. One is a line: a verb, then its arguments as key=value, each after one blank.
import type { ControlOrder } from "../api/types.ts";
import { MAX_COMMAND_BYTES } from "./limits.ts";

const NEWLINE = 0x0a;
const HEX = /^(?:[0-9a-f]{2})+$/i;
const VALUED = /^(state|pseudonym|base) value=(.+)$/;

/** A command and the bytes that it took with its newline. */
export interface ReadCommand {
  readonly order: ControlOrder;
  readonly bytes: number;
}

/** The command at the beginning of `content`. As in TSEM, a command without its newline is none. */
export function readCommand(content: Buffer): ReadCommand | undefined {
  const end = content.indexOf(NEWLINE);
  if (end < 0 || end >= MAX_COMMAND_BYTES) return undefined;
  const order = orderOf(content.toString("latin1", 0, end));
  return order === undefined ? undefined : { order, bytes: end + 1 };
}

function orderOf(line: string): ControlOrder | undefined {
  if (line === "seal" || line === "enforce") return { verb: line };
  const [, verb, value = ""] = VALUED.exec(line) ?? [];
  if (verb !== "state" && verb !== "pseudonym" && verb !== "base") return undefined;
  return HEX.test(value) ? { verb, value: value.toLowerCase() } : undefined;
}
