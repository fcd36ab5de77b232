// SPDX-License-Identifier: Apache-2.0
// How hosts become part of the fleet, get new credentials, and are thrown out.
import { createHash, randomBytes } from "node:crypto";
import type { Transaction } from "kysely";
import { quote } from "../../base/quote.ts";
import type {
  EnrolTokenMade,
  EnrolTokenOrder,
  EnrolTokenRow,
  HostRevoked,
} from "../../wire/api/index.ts";
import {
  base32,
  type EnrolAnswer,
  type EnrolAsk,
  type EnrolTransport,
  enrolTokenText,
  type HostId,
  type Labels,
  parseEnrolToken,
  type RenewAnswer,
} from "../../wire/link/index.ts";
import { hostToken } from "../bus/tokens.ts";
import { FleetError } from "../errors.ts";
import { HOST_JWT_SECONDS, MAX_RENEWAL_SKEW_MS, MQTT_JWT_SECONDS } from "../limits.ts";
import { isSignedByUser } from "../keys/nkeys.ts";
import type { FleetContext } from "../server/context.ts";
import type { FleetSchema } from "../store/index.ts";
import { RevocationKeeper } from "./revocation-keeper.ts";
import type { EnrolTables, EnrolTokenTable } from "./tables.ts";

type Tx = Transaction<FleetSchema & EnrolTables>;

/** A host that may speak. */
export interface KnownHost {
  readonly id: HostId;
  readonly key: string;
  readonly transport: EnrolTransport;
}

/** Of a renewal over HTTPS, when the credentials have expired. */
export interface RenewOrder {
  readonly host: HostId;
  /** ms since 1970 by the host's clock. */
  readonly at: number;
  /** Of the host's key over `galgo-renew HOST AT`. */
  readonly sig: Uint8Array;
}

const DEFAULT_TOKEN_SECONDS = 3_600;

export class Enrolment {
  readonly #context: FleetContext;

  readonly #revocations: RevocationKeeper;

  constructor(context: FleetContext) {
    this.#context = context;
    this.#revocations = new RevocationKeeper(context);
  }

  close(): Promise<void> {
    return this.#revocations.close();
  }

  get #db() {
    return this.#context.store.db.withTables<EnrolTables>();
  }

  /** A token that hosts can come with. It is told here and never again. @param by who makes it */
  async createToken(order: EnrolTokenOrder, by: string): Promise<EnrolTokenMade> {
    const { uses = 1, seconds = DEFAULT_TOKEN_SECONDS, labels = {}, group, comment = "" } = order;
    const now = this.#context.now();
    const secret = randomBytes(24).toString("base64url");
    const row: EnrolTokenTable = {
      id: randomBytes(5).toString("hex"),
      secret: digestOf(secret),
      comment,
      labels: JSON.stringify(labels),
      grp: group ?? null,
      uses,
      used: 0,
      created_at: now,
      created_by: by,
      expires_at: now + seconds * 1_000,
      revoked_at: null,
    };
    await this.#db.insertInto("enrol_tokens").values(row).execute();
    const token = enrolTokenText({ secret, caDigest: this.#context.tls.caDigest });
    return { ...tokenRow(row), token };
  }

  /** The newest first. */
  async tokens(): Promise<readonly EnrolTokenRow[]> {
    const rows = await this.#db
      .selectFrom("enrol_tokens")
      .selectAll()
      .orderBy("created_at", "desc")
      .limit(1_000)
      .execute();
    return rows.map(tokenRow);
  }

  /** Nobody comes with it any more. @throws FleetError NOT_FOUND */
  async endToken(id: string): Promise<void> {
    const now = this.#context.now();
    const done = await this.#db
      .updateTable("enrol_tokens")
      .set({ revoked_at: now })
      .where("id", "=", id)
      .where("revoked_at", "is", null)
      .executeTakeFirst();
    if (done.numUpdatedRows > 0n) return;
    throw new FleetError(
      "NOT_FOUND",
      `there is no enrolment token ${quote(id, 80)} that is in force`,
    );
  }

  /**
   * A host comes with a token. Who asks again with the same token and key, because the answer got lost, gets the same answer.
   * @throws FleetError BAD_TOKEN: unknown, used, expired or ended, and never which. LinkError: no token at all
   */
  async enrol(ask: EnrolAsk): Promise<EnrolAnswer> {
    const { secret } = parseEnrolToken(ask.token);
    const found = await this.#context.store.transaction(async (plain) => {
      const tx = plain.withTables<EnrolTables>();
      return (await this.#again(tx, secret, ask.key)) ?? (await this.#taken(tx, secret, ask));
    });
    const { places, keys } = this.#context;
    const { jwt, expires } = this.#credentials({ ...found, key: ask.key });
    return {
      v: 1,
      host: found.id,
      fleet: keys.fleet,
      jwt,
      expires,
      servers: places.servers,
      ...(places.mqtt !== undefined && { mqtt: places.mqtt }),
      ca: places.ca,
      commandKeys: [keys.commandPem],
      ...(found.group !== null && { group: found.group }),
      labels: found.labels,
    };
  }

  async #again(tx: Tx, secret: string, key: string): Promise<Enrolled | undefined> {
    const row = await tx
      .selectFrom("hosts")
      .innerJoin("enrol_tokens", "enrol_tokens.id", "hosts.token")
      .leftJoin("mqtt_hosts", "mqtt_hosts.host", "hosts.id")
      .select(["hosts.id", "hosts.labels", "hosts.grp", "mqtt_hosts.host as mqtt"])
      .where("hosts.key", "=", key)
      .where("hosts.revoked_at", "is", null)
      .where("enrol_tokens.secret", "=", digestOf(secret))
      .where("enrol_tokens.expires_at", ">", this.#context.now())
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const labels = JSON.parse(row.labels) as Labels;
    return { id: row.id, labels, group: row.grp, transport: transportOf(row.mqtt) };
  }

  async #taken(tx: Tx, secret: string, ask: EnrolAsk): Promise<Enrolled> {
    const now = this.#context.now();
    const token = await tx
      .updateTable("enrol_tokens")
      .set((eb) => ({ used: eb("used", "+", 1) }))
      .where("secret", "=", digestOf(secret))
      .where("revoked_at", "is", null)
      .where("expires_at", ">", now)
      .whereRef("used", "<", "uses")
      .returning(["id", "labels", "grp"])
      .executeTakeFirst();
    if (token === undefined) {
      const problem =
        "this token is not good: it was never given out, was used, was ended, or has expired. `galgo fleet token create` makes another one";
      throw new FleetError("BAD_TOKEN", problem);
    }
    await refuseKnownKey(tx, ask.key);
    const labels: Labels = { ...ask.labels, ...(JSON.parse(token.labels) as Labels) };
    const id = newHostId();
    const group = token.grp ?? ask.group ?? null;
    await tx
      .insertInto("hosts")
      .values({
        id,
        name: ask.name,
        key: ask.key,
        grp: group,
        labels: JSON.stringify(labels),
        enrolled_at: now,
        token: token.id,
        revoked_at: null,
        last_seen: null,
        version: null,
        rev: 0,
        states: null,
        workloads: 0,
        spool: null,
      })
      .execute();
    if (ask.transport === "mqtt") await tx.insertInto("mqtt_hosts").values({ host: id }).execute();
    return { id, labels, group, transport: ask.transport ?? "nats" };
  }

  /** The host if it may speak. @throws FleetError UNKNOWN_HOST, REVOKED */
  async known(host: HostId): Promise<KnownHost> {
    const row = await this.#db
      .selectFrom("hosts")
      .leftJoin("mqtt_hosts", "mqtt_hosts.host", "hosts.id")
      .select(["hosts.id", "hosts.key", "hosts.revoked_at", "mqtt_hosts.host as mqtt"])
      .where("hosts.id", "=", host)
      .executeTakeFirst();
    if (row === undefined)
      throw new FleetError("UNKNOWN_HOST", "this fleet does not know this host");
    const { id, key, mqtt } = row;
    if (row.revoked_at === null) return { id, key, transport: transportOf(mqtt) };
    throw new FleetError(
      "REVOKED",
      "the fleet has thrown this host out: join again with another token",
    );
  }

  /** For a host that the bus has let in. @throws as `known` */
  async renew(host: HostId): Promise<RenewAnswer> {
    const known = await this.known(host);
    return { v: 1, ...this.#credentials(known), servers: this.#context.places.servers };
  }

  /** For a host whose credentials have expired: its key signs. @throws as `known`; FleetError NOT_ALLOWED */
  async renewSigned({ host, at, sig }: RenewOrder): Promise<RenewAnswer> {
    const known = await this.known(host);
    const text = Buffer.from(`galgo-renew ${host} ${at}`);
    if (!isSignedByUser(known.key, text, sig)) {
      throw new FleetError("NOT_ALLOWED", "this is not signed by the key of that host");
    }
    const now = this.#context.now();
    if (Math.abs(now - at) > MAX_RENEWAL_SKEW_MS) {
      const clock = new Date(now).toISOString();
      throw new FleetError(
        "NOT_ALLOWED",
        `this was not signed now: the server's clock says ${clock}`,
      );
    }
    return { v: 1, ...this.#credentials(known), servers: this.#context.places.servers };
  }

  /** Nothing of the host is believed from now on, and the bus throws it out. @throws FleetError NOT_FOUND */
  async revoke(host: HostId): Promise<HostRevoked> {
    const { store, now } = this.#context;
    const at = now();
    await store.transaction(async (tx) => {
      await tx
        .updateTable("hosts")
        .set({ revoked_at: at, workloads: 0 })
        .where("id", "=", host)
        .where("revoked_at", "is", null)
        .execute();
      // nobody hears of them any more, and nobody is to count them for ever
      await tx
        .updateTable("workloads")
        .set({ gone: 1, status: "ended", updated: at })
        .where("host", "=", host)
        .where("gone", "=", 0)
        .execute();
    });
    const row = await store.db
      .selectFrom("hosts")
      .select("revoked_at")
      .where("id", "=", host)
      .executeTakeFirst();
    if (row === undefined) throw new FleetError("NOT_FOUND", `there is no host ${quote(host, 80)}`);
    const revoked = row.revoked_at ?? at;
    return { host, revoked, disconnected: await this.#revocations.tell() };
  }

  #credentials({ id, key, transport }: KnownHost): { jwt: string; expires: number } {
    const { keys, now } = this.#context;
    const seconds = transport === "mqtt" ? MQTT_JWT_SECONDS : HOST_JWT_SECONDS;
    const at = now();
    return {
      jwt: hostToken(keys, { host: id, key, now: at, transport, seconds }),
      expires: at + seconds * 1_000,
    };
  }
}

const transportOf = (mqtt: string | null): EnrolTransport => (mqtt === null ? "nats" : "mqtt");

interface Enrolled {
  readonly id: HostId;
  readonly transport: EnrolTransport;
  readonly labels: Labels;
  readonly group: string | null;
}

/** A key is of one host, for ever: what was revoked does not come back by it. @throws FleetError CONFLICT */
async function refuseKnownKey(tx: Tx, key: string): Promise<void> {
  const known = await tx.selectFrom("hosts").select("id").where("key", "=", key).executeTakeFirst();
  if (known === undefined) return;
  throw new FleetError(
    "CONFLICT",
    "a host with this key has been enrolled already: join with a new key",
  );
}

/** 20 characters, 99 random bits. */
function newHostId(): HostId {
  const id = base32(randomBytes(13)).toLowerCase().slice(0, 20);
  return /^[a-z]/.test(id) ? id : newHostId();
}

function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function tokenRow(row: EnrolTokenTable): EnrolTokenRow {
  return {
    id: row.id,
    comment: row.comment,
    labels: JSON.parse(row.labels) as Labels,
    ...(row.grp !== null && { group: row.grp }),
    uses: row.uses,
    used: row.used,
    created: row.created_at,
    by: row.created_by,
    expires: row.expires_at,
    ...(row.revoked_at !== null && { revoked: row.revoked_at }),
  };
}
