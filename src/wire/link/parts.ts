// SPDX-License-Identifier: Apache-2.0
// Schemas of what many messages have: names, digests, times, labels; and reading a message with them.
import * as z from "zod/mini";
import { firstWords } from "../../attest/encoding/schema-words.ts";
import { quote } from "../../base/quote.ts";
import { LinkError } from "./errors.ts";
import { MAX_LABEL, MAX_LABELS, MAX_MESSAGE_BYTES, MAX_NAME, MAX_WORDS } from "./limits.ts";
import { isHostId } from "./subjects.ts";

export type Labels = Readonly<Record<string, string>>;

/** The version of every message. */
export const LINK_VERSION = 1;

/** A schema, made when it is asked for. */
export function lazily<T>(make: () => z.ZodMiniType<T>): () => z.ZodMiniType<T> {
  let made: z.ZodMiniType<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export const text = (max: number): z.ZodMiniType<string> => z.string().check(z.maxLength(max));
export const name = (): z.ZodMiniType<string> =>
  z.string().check(z.minLength(1), z.maxLength(MAX_NAME));
export const words = (): z.ZodMiniType<string> => text(MAX_WORDS);
/** Not negative. */
export const count = (): z.ZodMiniType<number> =>
  z.number().check(z.refine((value) => Number.isSafeInteger(value) && value >= 0, WHOLE));
/** Milliseconds since 1970. */
export const time: () => z.ZodMiniType<number> = count;
export const version = (): z.ZodMiniType<1> => z.literal(LINK_VERSION);
/** Id of a run, which is also the name of a folder. */
export const runId = (): z.ZodMiniType<string> =>
  z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "has to be the id of a run"));
export const digest = (): z.ZodMiniType<string> =>
  z
    .string()
    .check(z.regex(/^(?:[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/, "has to be a digest in hex"));
/** Id of a command or a question. */
export const orderId = (): z.ZodMiniType<string> =>
  z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, "has to be the id of a command"));
/** When a spool was begun (ms since 1970, 13 digits) and 4 random bytes: a later one is greater as text. */
export const epoch = (): z.ZodMiniType<string> =>
  z.string().check(z.regex(/^\d{13}-[0-9a-f]{8}$/, "has to be the epoch of a spool"));
export const hostId = (): z.ZodMiniType<string> =>
  z.string().check(z.refine(isHostId, "has to be the id of a host"));
export const labels = (): z.ZodMiniType<Labels> =>
  z
    .record(
      z.string().check(z.regex(LABEL_NAME, "is no name of a label")),
      z.string().check(z.maxLength(MAX_LABEL)),
    )
    .check(
      z.refine((all) => Object.keys(all).length <= MAX_LABELS, `may have ${MAX_LABELS} labels`),
    );

const WHOLE = "has to be a whole number";
const LABEL_NAME = /^[a-z0-9](?:[a-z0-9._/-]{0,62}[a-z0-9])?$/;

/**
 * The value of a message.
 * @param what it is, for messages
 * @throws LinkError TOO_LARGE, BAD_MESSAGE, one line that names the member
 */
export function readMessage<T>(bytes: Uint8Array, schema: z.ZodMiniType<T>, what: string): T {
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw new LinkError(
      "TOO_LARGE",
      `${what} has ${bytes.length} bytes, at most ${MAX_MESSAGE_BYTES} are read`,
    );
  }
  return readValue(jsonOf(bytes, what), schema, what);
}

/** As `readMessage`, of what was JSON. @throws LinkError BAD_MESSAGE */
export function readValue<T>(value: unknown, schema: z.ZodMiniType<T>, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new LinkError("BAD_MESSAGE", `${what}: ${firstWords(result.error, value)}`);
}

/** @throws LinkError BAD_MESSAGE */
export function jsonOf(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const why = cause instanceof Error ? quote(cause.message, 120) : "";
    throw new LinkError("BAD_MESSAGE", `${what} is not JSON in UTF-8: ${why}`, { cause });
  }
}

/** A message as bytes. @throws LinkError TOO_LARGE: nobody would read it */
export function writeMessage(value: object, what: string): Uint8Array {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  if (bytes.length <= MAX_MESSAGE_BYTES) return bytes;
  throw new LinkError(
    "TOO_LARGE",
    `${what} has ${bytes.length} bytes, at most ${MAX_MESSAGE_BYTES} are sent`,
  );
}
