// SPDX-License-Identifier: Apache-2.0
// What somebody orders over the API, checked; and which hosts it is for.
import { randomBytes } from "node:crypto";
import * as z from "zod/mini";
import { plural } from "../../base/counts.ts";
import { quote } from "../../base/quote.ts";
import type { CommandOrder } from "../../wire/api/index.ts";
import {
  COMMAND_KINDS,
  type CommandKind,
  type CommandTarget,
  isHostId,
  lazily,
  MAX_COMMAND_LIFE_MS,
  parseCommandTarget,
  readValue,
  type WorkloadSelector,
} from "../../wire/link/index.ts";
import { FleetError } from "../errors.ts";
import { dbText, pieces } from "../store/index.ts";
import { DEFAULT_SECONDS, LASTING_SECONDS, MAX_ORDERED_HOSTS, MIN_SECONDS } from "./limits.ts";
import type { CommandDb } from "./tables.ts";

const FOR_HOSTS: ReadonlySet<CommandKind> = new Set(["model", "table", "key"]);
const LASTING: ReadonlySet<CommandKind> = new Set(["model", "key"]);
const NONCE_BYTES = 32;
const ANY_HOST = "a".repeat(20);

/** What is to be ordered. */
export interface Ordered {
  readonly kind: CommandKind;
  readonly args: Readonly<Record<string, unknown>>;
  /** Hosts by id or name. */
  readonly hosts: "all" | readonly string[];
  readonly select: WorkloadSelector;
  readonly seconds: number;
}

const orderSchema = lazily<CommandOrder>(() =>
  z.strictObject({
    kind: z.enum(COMMAND_KINDS),
    target: z.strictObject({
      hosts: z.union([
        z.literal("all"),
        z
          .array(z.string().check(z.minLength(1), z.maxLength(256)))
          .check(z.minLength(1), z.maxLength(MAX_ORDERED_HOSTS)),
      ]),
      select: z.unknown() as z.ZodMiniType<WorkloadSelector>,
    }),
    args: z.exactOptional(z.record(z.string(), z.unknown())),
    seconds: z.exactOptional(
      z.number().check(z.gte(MIN_SECONDS), z.lte(MAX_COMMAND_LIFE_MS / 1_000)),
    ),
  }),
);

/** @throws LinkError BAD_MESSAGE, CommandError BAD_COMMAND, FleetError BAD_REQUEST */
export function readOrder(value: unknown): Ordered {
  const { kind, target, args = {}, seconds } = readValue(value, orderSchema(), "the order");
  const { select } = parseCommandTarget({ hosts: [ANY_HOST], select: target.select });
  if (kind === "key") {
    throw new FleetError("BAD_REQUEST", "the key of commands is not changed over the API");
  }
  refuseWorkloads(kind, select);
  const all = kind === "attest" ? { nonce: newNonce(), ...args } : args;
  const usual = LASTING.has(kind) ? LASTING_SECONDS : DEFAULT_SECONDS;
  return { kind, args: all, hosts: target.hosts, select, seconds: seconds ?? usual };
}

/** A challenge that nobody could have known before, hex. */
export function newNonce(): string {
  return randomBytes(NONCE_BYTES).toString("hex");
}

function refuseWorkloads(kind: CommandKind, select: WorkloadSelector): void {
  if (!FOR_HOSTS.has(kind) || "all" in select) return;
  const { workloads, names, models } = select;
  if (workloads === undefined && names === undefined && models === undefined) return;
  const problem = `${kind} is for hosts: name them, a group or labels, and no workloads`;
  throw new FleetError("BAD_REQUEST", problem);
}

/** The hosts that an order is for. */
export interface Addressees {
  /** Ids, each once. */
  readonly hosts: readonly string[];
  /** One envelope for everybody: those too that the database does not know to have such a workload. */
  readonly everybody: boolean;
}

/**
 * Hosts by what was ordered. Which workloads run there, each host knows better than the database.
 * @throws FleetError NOT_FOUND: an unknown host, or none that is meant
 */
export async function addressees(
  db: CommandDb,
  { hosts, select }: Pick<Ordered, "hosts" | "select">,
): Promise<Addressees> {
  const ids = hosts === "all" ? await allHosts(db, select) : await namedHosts(db, hosts);
  if (ids.length === 0) throw new FleetError("NOT_FOUND", "there is no host that this is for");
  const group = "all" in select ? undefined : select.group;
  return { hosts: ids, everybody: hosts === "all" && group === undefined };
}

async function allHosts(db: CommandDb, select: WorkloadSelector): Promise<readonly string[]> {
  const known = db.selectFrom("hosts").select("id").where("revoked_at", "is", null);
  const some =
    "all" in select || select.group === undefined ? known : known.where("grp", "=", select.group);
  return (await some.orderBy("id").execute()).map(({ id }) => id);
}

async function namedHosts(db: CommandDb, hosts: readonly string[]): Promise<readonly string[]> {
  const wanted = [...new Set(hosts)];
  const found = new Set<string>();
  const named = new Set<string>();
  for (const column of ["id", "name"] as const) {
    const some = wanted.filter((host) => isHostId(host) === (column === "id"));
    for (const piece of pieces(some.map(dbText), 1)) {
      const rows = await db
        .selectFrom("hosts")
        .select(["id", "name"])
        .where(column, "in", [...piece])
        .where("revoked_at", "is", null)
        .execute();
      for (const row of rows) {
        found.add(row.id);
        named.add(row[column]);
      }
    }
  }
  const missing = wanted.filter((host) => !named.has(host));
  if (missing.length === 0) return [...found];
  const which = missing
    .slice(0, 3)
    .map((host) => quote(host, 80))
    .join(", ");
  const problem = `${plural(missing.length, "host")} of the order ${missing.length === 1 ? "is" : "are"} not known: ${which}`;
  throw new FleetError("NOT_FOUND", problem);
}

/** A command in a line. */
export function commandWords(kind: CommandKind, target: CommandTarget, args: object): string {
  const { hosts, select } = target;
  const where = hosts === "all" ? "all hosts" : plural(hosts.length, "host");
  const { name, digest } = args as { readonly name?: string; readonly digest?: string | null };
  const what =
    kind === "model" && name !== undefined
      ? `model ${digest?.slice(0, 12) ?? "of the host itself"} for ${quote(name, 80)}`
      : `${kind} ${selectorWords(select)}`;
  return `${what} on ${where}`;
}

function selectorWords(select: WorkloadSelector): string {
  if ("all" in select) return "all workloads";
  const { workloads, names, models, labels, group } = select;
  const some = [
    ...(names ?? []).slice(0, 3).map((name) => quote(name, 80)),
    ...(workloads ?? []).slice(0, 3).map((id) => `run ${quote(id, 80)}`),
    ...(models ?? []).slice(0, 3).map((digest) => `model ${digest.slice(0, 12)}`),
    ...Object.entries(labels ?? {}).map(
      ([label, value]) => `${quote(label, 60)}=${quote(value, 60)}`,
    ),
    ...(group === undefined ? [] : [`group ${quote(group, 80)}`]),
  ];
  return some.join(", ");
}
