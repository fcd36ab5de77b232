// SPDX-License-Identifier: Apache-2.0
// Stores parcels in a folder's database until it is killed: `ingest-child.ts FOLDER COUNT`. Each line of its output is what it has committed: HOST UPTO.
// It begins anew each time, as hosts do that were told nothing.
import { writeSync } from "node:fs";
import { ITEM_APPLIERS } from "../../src/fleet/ingest/appliers.ts";
import { storeParcels } from "../../src/fleet/ingest/batch.ts";
import { openStore } from "../../src/fleet/store/index.ts";
import { aBehaviour, aParcel, aViolation, aWorkload, NOW } from "./fleet-items.ts";

const PARCELS_OF_A_BATCH = 5;

const [dataRoot = "", count = "0", ...hosts] = process.argv.slice(2);
const store = await openStore({ url: "sqlite:", dataRoot });
writeSync(1, "ready 0\n");
for (let first = 1; first <= Number(count); first += PARCELS_OF_A_BATCH) {
  const seqs = Array.from({ length: PARCELS_OF_A_BATCH }, (_, i) => first + i);
  const parcels = hosts.flatMap((host) =>
    seqs.map((seq) =>
      aParcel(
        host,
        seq,
        aWorkload("r", { rev: seq }),
        aBehaviour("r", `behaviour ${seq % 7}`),
        aViolation("r", seq),
      ),
    ),
  );
  const { spools } = await storeParcels(store, ITEM_APPLIERS, parcels, NOW);
  for (const { host, progress } of spools) writeSync(1, `${host} ${progress.upto}\n`);
}
await store.close();
