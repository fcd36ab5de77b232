// SPDX-License-Identifier: Apache-2.0
// What somebody wants to roll out, checked, and to which hosts.
import * as z from "zod/mini";
import { quote } from "../../base/quote.ts";
import type { RolloutOrder } from "../../wire/api/index.ts";
import { lazily, MAX_NAME, readValue } from "../../wire/link/index.ts";
import { addressees } from "../commands/orders.ts";
import { MAX_ORDERED_HOSTS } from "../commands/limits.ts";
import type { CommandDb } from "../commands/tables.ts";
import type { Models } from "../models/models.ts";
import { RolloutError } from "./machine.ts";
import type { RolloutPlan } from "./rollouts.ts";
import { DEFAULT_SHARES, MAX_STEPS, sharesFault } from "./steps.ts";

const DEFAULT_WATCH_SECONDS = 300;
const DEFAULT_ANSWER_SECONDS = 120;
const MAX_SECONDS = 7 * 86_400;

const orderSchema = lazily<RolloutOrder>(() => {
  const text = z.string().check(z.minLength(1), z.maxLength(MAX_NAME));
  const count = z.exactOptional(z.int().check(z.minimum(0), z.maximum(1_000_000)));
  const seconds = (least: number) =>
    z.exactOptional(z.number().check(z.minimum(least), z.maximum(MAX_SECONDS)));
  return z.strictObject({
    name: text,
    digest: z.exactOptional(z.string().check(z.regex(/^[0-9a-f]{64}$/))),
    mode: z.exactOptional(z.enum(["enforce", "detect"])),
    shares: z.exactOptional(z.array(z.number()).check(z.minLength(1), z.maxLength(MAX_STEPS))),
    watchSeconds: seconds(0),
    answerSeconds: seconds(1),
    maxFailed: count,
    maxViolations: count,
    hosts: z.exactOptional(z.array(text).check(z.minLength(1), z.maxLength(MAX_ORDERED_HOSTS))),
  });
});

/** @throws LinkError BAD_MESSAGE; RolloutError BAD_REQUEST, NO_HOSTS; FleetError NOT_FOUND */
export async function planOf(value: unknown, db: CommandDb, models: Models): Promise<RolloutPlan> {
  const order = readValue(value, orderSchema(), "the roll-out");
  const { name, digest, mode, shares = DEFAULT_SHARES } = order;
  if ((digest === undefined) === (mode === undefined)) {
    throw new RolloutError("BAD_REQUEST", "a roll-out is of a model (digest) or of a mode");
  }
  const fault = sharesFault(shares);
  if (fault !== undefined) throw new RolloutError("BAD_REQUEST", `shares have to be ${fault}`);
  const model = digest === undefined ? undefined : await models.get(digest);
  if (model !== undefined && model.sealed !== 1) {
    throw new RolloutError("BAD_REQUEST", "the model is not sealed, so nothing can be held to it");
  }
  const hosts = await hostsOf(order, db);
  return {
    name,
    ...(digest !== undefined && { model: digest }),
    ...(mode !== undefined && { mode }),
    shares,
    hosts,
    watchMs: (order.watchSeconds ?? DEFAULT_WATCH_SECONDS) * 1_000,
    answerMs: (order.answerSeconds ?? DEFAULT_ANSWER_SECONDS) * 1_000,
    maxFailed: order.maxFailed ?? 0,
    maxViolations: order.maxViolations ?? 0,
  };
}

async function hostsOf({ name, hosts }: RolloutOrder, db: CommandDb): Promise<readonly string[]> {
  if (hosts !== undefined) {
    return (await addressees(db, { hosts, select: { all: true } })).hosts;
  }
  const rows = await db
    .selectFrom("workloads")
    .innerJoin("hosts", "hosts.id", "workloads.host")
    .select("workloads.host")
    .distinct()
    .where("workloads.name", "=", name)
    .where("workloads.gone", "=", 0)
    .where("hosts.revoked_at", "is", null)
    .execute();
  if (rows.length > 0) return rows.map(({ host }) => host);
  const problem = `no workload ${quote(name, 80)} runs; name the hosts that are to get it`;
  throw new RolloutError("NO_HOSTS", problem);
}
