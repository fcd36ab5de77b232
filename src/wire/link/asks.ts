// SPDX-License-Identifier: Apache-2.0
// Questions of hosts and the answers of the fleet (request and reply on the bus). The host is the one of the subject.
import * as z from "zod/mini";
import type { SeqRange } from "./parcel.ts";
import {
  MAX_COMMAND_TEXT,
  MAX_COMMANDS,
  MAX_RANGES,
  MAX_TARGETS,
  MODEL_CHUNK_BYTES,
} from "./limits.ts";
import { count, digest, epoch, lazily, readMessage, text, time, version, words } from "./parts.ts";

/** `down.HOST.ask`: what the fleet does not know and wants in the next parcels. */
export interface HostAsk {
  readonly v: 1;
  /** The whole table of workloads, and an item `table` behind it. */
  readonly table?: true;
  /** The sets behind these states, as items `points`. */
  readonly states?: readonly string[];
}

/** Instead of an answer. */
export interface AskProblem {
  readonly v: 1;
  /** Stable: UNKNOWN_HOST, REVOKED, BAD_MESSAGE, NOT_FOUND, BUSY, NOT_SERVED, FAILED. */
  readonly problem: string;
  readonly words: string;
}

/** `ask.renew`: credentials that are valid for longer, for the key that the host has enrolled with. */
export interface RenewAsk {
  readonly v: 1;
}
export interface RenewAnswer {
  readonly v: 1;
  readonly jwt: string;
  /** ms since 1970 */
  readonly expires: number;
  /** Where the bus is now; absent: where it was. */
  readonly servers?: readonly string[];
}

/** `ask.committed`: which of these are in the database; the answer is a `Committed`. */
export interface CommittedAsk {
  readonly v: 1;
  readonly epoch: string;
  readonly ranges: readonly SeqRange[];
}

/** `ask.commands`: those that are in force, for this host or for all, and were issued at or after `since` (ms). */
export interface CommandsAsk {
  readonly v: 1;
  readonly since: number;
}
export interface CommandsAnswer {
  readonly v: 1;
  /** Texts of signed envelopes; the oldest first. */
  readonly commands: readonly string[];
  /** There are more: ask again with this as `since`. */
  readonly more?: number;
}

/** `ask.model`: a piece of the model file of this digest; its last piece is shorter than asked for, or empty. */
export interface ModelAsk {
  readonly v: 1;
  readonly digest: string;
  /** Bytes. */
  readonly offset: number;
}
export interface ModelAnswer {
  readonly v: 1;
  /** Bytes of the whole file: a signed bundle, or the model where it is not signed. */
  readonly size: number;
  readonly offset: number;
  /** base64, of at most MODEL_CHUNK_BYTES */
  readonly data: string;
}

const hostAsk = lazily<HostAsk>(() =>
  z.strictObject({
    v: version(),
    table: z.exactOptional(z.literal(true)),
    states: z.exactOptional(z.array(digest()).check(z.maxLength(MAX_TARGETS))),
  }),
);
const problemSchema = lazily<AskProblem>(() =>
  z.strictObject({
    v: version(),
    problem: z.string().check(z.regex(/^[A-Z_]{1,40}$/)),
    words: words(),
  }),
);
const renewAsk = lazily<RenewAsk>(() => z.strictObject({ v: version() }));
const renewAnswer = lazily<RenewAnswer>(() =>
  z.strictObject({
    v: version(),
    jwt: text(8_192),
    expires: time(),
    servers: z.exactOptional(z.array(text(512)).check(z.maxLength(16))),
  }),
);
const committedAsk = lazily<CommittedAsk>(() =>
  z.strictObject({
    v: version(),
    epoch: epoch(),
    ranges: z.array(z.tuple([count(), count()])).check(z.maxLength(MAX_RANGES)),
  }),
);
const commandsAsk = lazily<CommandsAsk>(() => z.strictObject({ v: version(), since: time() }));
const commandsAnswer = lazily<CommandsAnswer>(() =>
  z.strictObject({
    v: version(),
    commands: z.array(text(MAX_COMMAND_TEXT)).check(z.maxLength(MAX_COMMANDS)),
    more: z.exactOptional(time()),
  }),
);
const modelAsk = lazily<ModelAsk>(() =>
  z.strictObject({ v: version(), digest: digest(), offset: count() }),
);
const modelAnswer = lazily<ModelAnswer>(() =>
  z.strictObject({
    v: version(),
    size: count(),
    offset: count(),
    data: text(Math.ceil(MODEL_CHUNK_BYTES / 3) * 4),
  }),
);

/** @throws LinkError, as all of these */
export function readHostAsk(bytes: Uint8Array): HostAsk {
  return readMessage(bytes, hostAsk(), "what the fleet asks for");
}
export function readRenewAsk(bytes: Uint8Array): RenewAsk {
  return readMessage(bytes, renewAsk(), "a question for credentials");
}
export function readRenewAnswer(bytes: Uint8Array): RenewAnswer {
  return readMessage(bytes, renewAnswer(), "new credentials");
}
export function readCommittedAsk(bytes: Uint8Array): CommittedAsk {
  return readMessage(bytes, committedAsk(), "a question for what is committed");
}
export function readCommandsAsk(bytes: Uint8Array): CommandsAsk {
  return readMessage(bytes, commandsAsk(), "a question for commands");
}
export function readCommandsAnswer(bytes: Uint8Array): CommandsAnswer {
  return readMessage(bytes, commandsAnswer(), "commands");
}
export function readModelAsk(bytes: Uint8Array): ModelAsk {
  return readMessage(bytes, modelAsk(), "a question for a model");
}
export function readModelAnswer(bytes: Uint8Array): ModelAnswer {
  return readMessage(bytes, modelAnswer(), "a piece of a model");
}

/** The refusal that an answer is; undefined: it is an answer. @param value parsed JSON */
export function problemOfAnswer(value: unknown): AskProblem | undefined {
  const result = problemSchema().safeParse(value);
  return result.success ? result.data : undefined;
}

export function askProblem(problem: string, sentence: string): AskProblem {
  return { v: 1, problem, words: sentence };
}
