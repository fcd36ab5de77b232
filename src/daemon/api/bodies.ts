// SPDX-License-Identifier: Apache-2.0
// Bodies of requests, checked once: every fault is said in one line.
import * as z from "zod/mini";
import { firstFault } from "../fault-words.ts";
import { ApiError } from "../errors.ts";
import type { AttachOrder, ControlOrder } from "./types.ts";

const MAX_VALUE_CHARS = 1_024;

let control: z.ZodMiniType<ControlOrder> | undefined;
let attach: z.ZodMiniType<AttachOrder> | undefined;

function controlSchema(): z.ZodMiniType<ControlOrder> {
  control ??= z.union([
    z.strictObject({ verb: z.enum(["seal", "enforce"]) }),
    z.strictObject({
      verb: z.enum(["state", "pseudonym", "base"]),
      value: z.string().check(z.minLength(1), z.maxLength(MAX_VALUE_CHARS)),
    }),
  ]) as unknown as z.ZodMiniType<ControlOrder>;
  return control;
}

function attachSchema(): z.ZodMiniType<AttachOrder> {
  attach ??= z.strictObject({
    cgroup: z.optional(z.string().check(z.minLength(1))),
    pid: z.optional(z.int().check(z.gte(1))),
    name: z.optional(z.string()),
    modelFile: z.optional(z.string().check(z.regex(/^\//, "an absolute path"))),
    mode: z.optional(z.enum(["free", "detect", "enforce"])),
    onViolation: z.optional(z.enum(["deny", "kill", "observe"])),
    base: z.optional(z.string().check(z.maxLength(MAX_VALUE_CHARS))),
  }) as unknown as z.ZodMiniType<AttachOrder>;
  return attach;
}

/** @throws ApiError BAD_REQUEST */
export function parseControlOrder(text: string): ControlOrder {
  return parsed(
    text,
    controlSchema(),
    'an order is {"verb": "seal"} or "enforce", or {"verb": "state", "value": "..."} or "pseudonym", "base"',
  );
}

/** @throws ApiError BAD_REQUEST */
export function parseAttachOrder(text: string): AttachOrder {
  const order = parsed(
    text,
    attachSchema(),
    'an order to attach is {"cgroup": "/sys/fs/cgroup/..."} or {"pid": N}, with name, modelFile, mode, onViolation, base',
  );
  if ((order.cgroup === undefined) === (order.pid === undefined))
    throw new ApiError("BAD_REQUEST", "attach: either cgroup or pid");
  return order;
}

function parsed<T>(text: string, schema: z.ZodMiniType<T>, form: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ApiError("BAD_REQUEST", `the body is no JSON: ${form}`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ApiError("BAD_REQUEST", `${firstFault(result.error, value).words}; ${form}`);
}
