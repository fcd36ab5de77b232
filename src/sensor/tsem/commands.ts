// SPDX-License-Identifier: Apache-2.0
// Commands of the TSEM control file as exact bytes: verb, one blank, key=value pairs separated by one blank, a newline.
// Each is one write of at most 127 bytes.
import { isHex } from "../../base/hex.ts";
import { TsemError } from "./errors.ts";
import { MAX_COMMAND_BYTES } from "./limits.ts";

/** external: an agent outside the kernel decides. internal: the kernel's own model does. export: nobody does. */
export type NamespaceKind = "external" | "internal" | "export";

/** What a namespace is made with. Absent members are left to the kernel. */
export interface NamespaceOptions {
  /** User namespace in which uids and gids of events are given: the first one, or the acting task's. */
  readonly nsref: "initial" | "current";
  /** Name of a model inside the kernel. */
  readonly model?: string;
  readonly digest?: string;
  /** Events that can be described in atomic context at a time. */
  readonly cache?: number;
}

/** How a reply shows that it comes from the orchestrator: kernels of 2025 by the task's serial number, of 2024 by a key. */
export type Authority = "tnum" | { readonly key: string };

const WORD = /^[A-Za-z0-9._-]+$/;

/** `external`, `internal` or `export` with its arguments in the order in which Quixote gives them. */
export function namespaceCommand(
  kind: NamespaceKind,
  options: NamespaceOptions,
  authority: Authority = "tnum",
): string {
  const { nsref, model, digest, cache } = options;
  const words = [`nsref=${nsref}`];
  if (model !== undefined) words.push(`model=${word("model", model)}`);
  if (digest !== undefined) words.push(`digest=${word("digest", digest)}`);
  if (cache !== undefined) words.push(`cache=${count(cache)}`);
  if (authority !== "tnum") words.push(`key=${hex("key", authority.key)}`);
  return line(`${kind} ${words.join(" ")}`);
}

/** The answer to a waiting task. `tnum` is not written where a key shows who answers. */
export function replyCommand(
  trusted: boolean,
  pid: number,
  tnum: bigint,
  authority: Authority,
): string {
  const proof = authority === "tnum" ? `tnum=${tnum}` : `key=${authority.key}`;
  return `${trusted ? "trusted" : "untrusted"} pid=${pid} ${proof}\n`;
}

/** Loads a value into the kernel's model. */
export function valueCommand(verb: "state" | "pseudonym" | "base", value: string): string {
  return line(`${verb} value=${hex(verb, value)}`);
}

export const ENFORCE = "enforce\n";
export const SEAL = "seal\n";

function line(text: string): string {
  if (text.length + 1 <= MAX_COMMAND_BYTES) return `${text}\n`;
  const verb = text.slice(0, text.indexOf(" "));
  throw new TsemError(
    "BAD_COMMAND",
    `the TSEM command ${verb} would be ${text.length + 1} bytes long, the kernel takes ${MAX_COMMAND_BYTES}: choose a digest of 32 bytes`,
    { facts: { verb, bytes: text.length + 1 } },
  );
}

function word(what: string, value: string): string {
  if (WORD.test(value)) return value;
  throw new TsemError("BAD_COMMAND", `${what} of a TSEM namespace is one plain word`);
}

function count(value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new TsemError("BAD_COMMAND", "the cache of a TSEM namespace is a whole number from 1");
}

function hex(what: string, value: string): string {
  if (value.length > 0 && value.length % 2 === 0 && isHex(value)) return value;
  throw new TsemError("BAD_COMMAND", `${what} for TSEM is not a digest in lower-case hex`);
}
