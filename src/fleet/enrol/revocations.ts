// SPDX-License-Identifier: Apache-2.0
// Hosts whose credentials the bus is to refuse, as the database knows them.
import type { Revocations } from "../bus/tokens.ts";
import { MQTT_JWT_SECONDS } from "../limits.ts";
import type { FleetStore } from "../store/index.ts";

/** After this nobody has a token that was good before (ms). */
const KEPT_MS = (MQTT_JWT_SECONDS + 3_600) * 1_000;

/** Public keys of hosts that were revoked, and when (s since 1970, rounded up). Those of long ago have expired by themselves. */
export async function loadRevocations(store: FleetStore, now: number): Promise<Revocations> {
  const rows = await store.db
    .selectFrom("hosts")
    .select(["key", "revoked_at"])
    .where("revoked_at", ">", now - KEPT_MS)
    .execute();
  return Object.fromEntries(
    rows.map(({ key, revoked_at: at }) => [key, Math.ceil((at ?? now) / 1_000)]),
  );
}
