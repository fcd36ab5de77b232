// SPDX-License-Identifier: Apache-2.0
// Reading a command: nothing unknown is taken, so that a host never carries out half of what was meant.
import * as z from "zod/mini";
import { firstWords } from "../../attest/encoding/schema-words.ts";
import { CommandError } from "./command-error.ts";
import {
  COMMAND_ROLES,
  type CommandBody,
  type CommandTarget,
  MAX_COMMAND_LIFE_MS,
  MAX_SELECTED,
  type WorkloadSelector,
} from "./command-types.ts";
import { MAX_KEY_TEXT, MAX_NAME, MAX_TARGETS } from "./limits.ts";
import { hostId, lazily } from "./parts.ts";

/** Ids of commands and roll-outs: 130 random bits. */
export const COMMAND_ID: RegExp = /^[a-z2-7]{26}$/;
const HEX32 = /^[0-9a-f]{64}$/;
const NONCE = /^(?:[0-9a-f]{2}){16,64}$/;
const MAX_USER_CHARS = 128;

type Schema<T> = z.ZodMiniType<T>;

function selectorSchema(): Schema<WorkloadSelector> {
  const text = z.string().check(z.minLength(1), z.maxLength(MAX_NAME));
  const list = <T>(item: Schema<T>) =>
    z.exactOptional(z.array(item).check(z.minLength(1), z.maxLength(MAX_SELECTED)));
  const some = z
    .strictObject({
      workloads: list(text),
      names: list(text),
      models: list(z.string().check(z.regex(HEX32))),
      labels: z.exactOptional(
        z
          .record(text, z.string().check(z.maxLength(MAX_NAME)))
          .check(z.refine(labelsFit, `has to have 1 to ${MAX_SELECTED} labels`)),
      ),
      group: z.exactOptional(text),
    })
    .check(z.refine((members) => Object.keys(members).length > 0, 'is empty; say {"all":true}'));
  return z.union([z.strictObject({ all: z.literal(true) }), some]);
}

function labelsFit(labels: Readonly<Record<string, string>>): boolean {
  const { length } = Object.keys(labels);
  return length > 0 && length <= MAX_SELECTED;
}

const targetSchema = lazily<CommandTarget>(() =>
  z.strictObject({
    hosts: z.union([
      z.literal("all"),
      z.array(hostId()).check(z.minLength(1), z.maxLength(MAX_TARGETS)),
    ]),
    select: selectorSchema(),
  }),
);

const bodySchema = lazily<CommandBody>(() => {
  const time = z.number().check(z.int(), z.gte(0));
  const head = {
    v: z.literal(1),
    id: z.string().check(z.regex(COMMAND_ID)),
    target: targetSchema(),
    issued: time,
    expires: time,
    by: z.string().check(z.minLength(1), z.maxLength(MAX_USER_CHARS)),
    role: z.enum(COMMAND_ROLES),
  };
  const none = z.strictObject({});
  const hex = z.string().check(z.regex(HEX32));
  const name = z.string().check(z.minLength(1), z.maxLength(MAX_NAME));
  const of = <Kind extends CommandBody["kind"], Args>(kind: Kind, args: Schema<Args>) =>
    z.strictObject({ ...head, kind: z.literal(kind), args });
  return z.discriminatedUnion("kind", [
    of("seal", none),
    of("enforce", none),
    of("detect", none),
    of("kill", none),
    of("attest", z.strictObject({ nonce: z.string().check(z.regex(NONCE)) })),
    of("model", z.strictObject({ name, digest: z.nullable(hex) })),
    of("table", none),
    of("key", z.strictObject({ publicKey: z.string().check(z.maxLength(MAX_KEY_TEXT)) })),
  ]);
});

/** @throws CommandError BAD_COMMAND */
export function parseCommandBody(value: unknown): CommandBody {
  const result = bodySchema().safeParse(value);
  if (!result.success) {
    throw new CommandError("BAD_COMMAND", `this is no command: ${firstWords(result.error, value)}`);
  }
  const { data } = result;
  const life = data.expires - data.issued;
  if (life > 0 && life <= MAX_COMMAND_LIFE_MS) return data;
  const hours = MAX_COMMAND_LIFE_MS / 3_600_000;
  const problem = `command ${data.id} is to hold for ${life} ms; it has to be more than 0, and at most ${hours} hours`;
  throw new CommandError("BAD_COMMAND", problem);
}

/** Which hosts and workloads are meant, of what somebody asks for. @throws CommandError BAD_COMMAND */
export function parseCommandTarget(value: unknown): CommandTarget {
  const result = targetSchema().safeParse(value);
  if (result.success) return result.data;
  throw new CommandError("BAD_COMMAND", `this is no target: ${firstWords(result.error, value)}`);
}
