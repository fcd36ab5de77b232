// SPDX-License-Identifier: Apache-2.0
// Hosts whose credentials the bus is to refuse, as the database knows them.
import type { Revocations } from "../bus/tokens.ts";
import { HOST_JWT_SECONDS, MAX_REVOCATIONS, MQTT_JWT_SECONDS } from "../limits.ts";
import type { FleetStore } from "../store/index.ts";
import type { EnrolTables } from "./tables.ts";

/** Credentials that were given out while somebody revoked (ms). */
const MARGIN_MS = 3_600_000;
/** The bus takes this for every key. */
const ALL = "*";

/** A host that was revoked. */
export interface RevokedHost {
  readonly key: string;
  readonly at: number;
  readonly isDevice: boolean;
}

/** What the bus is told: public keys, and since when (s since 1970, rounded up). */
export async function loadRevocations(store: FleetStore, now: number): Promise<Revocations> {
  const rows = await store.db
    .withTables<EnrolTables>()
    .selectFrom("hosts")
    .leftJoin("mqtt_hosts", "mqtt_hosts.host", "hosts.id")
    .select(["hosts.key", "hosts.revoked_at", "mqtt_hosts.host as mqtt"])
    .where("hosts.revoked_at", ">", now - MQTT_JWT_SECONDS * 1_000 - MARGIN_MS)
    .execute();
  const hosts = rows.map(({ key, revoked_at: at, mqtt }) => ({
    key,
    at: at ?? now,
    isDevice: mqtt !== null,
  }));
  return revocationsOf(hosts, now);
}

/**
 * Credentials of long ago have ended by themselves. When there are more than the bus takes in one message, all credentials of before the last
 * revocation are refused: hosts that were not revoked get new ones from a server.
 */
export function revocationsOf(hosts: readonly RevokedHost[], now: number): Revocations {
  const open = hosts.filter(({ at, isDevice }) => {
    const seconds = isDevice ? MQTT_JWT_SECONDS : HOST_JWT_SECONDS;
    return at > now - seconds * 1_000 - MARGIN_MS;
  });
  if (open.length > MAX_REVOCATIONS) {
    const last = open.reduce((latest, { at }) => Math.max(latest, at), 0);
    return { [ALL]: Math.ceil(last / 1_000) };
  }
  return Object.fromEntries(open.map(({ key, at }) => [key, Math.ceil(at / 1_000)]));
}
