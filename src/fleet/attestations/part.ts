// SPDX-License-Identifier: Apache-2.0
// Evidence as a part of the server: asked for by the command `attest`, it comes in parcels.
import type { CommandTables } from "../commands/tables.ts";
import type { ModelTables } from "../models/tables.ts";
import { ModelTrust } from "../models/trust.ts";
import type { FleetPart } from "../server/context.ts";
import { every } from "../server/every.ts";
import { pageOf } from "../server/page-of.ts";
import { applyEvidence, Attestations } from "./attestations.ts";
import { attestation, listAttestations } from "./rows.ts";
import type { AttestationTables } from "./tables.ts";

/** How often it is looked for what is to be appraised (ms). */
const WORK_MS = 500;

export const attestationsPart: FleetPart = {
  name: "evidence",
  start: async (context) => {
    const { store, services, keys, now, http } = context;
    const attestations = new Attestations(store, new ModelTrust(store, keys.model, now), now);
    services.ingest.value.register({
      kind: "evidence",
      apply: (given, items, at) => {
        const tx = given.withTables<CommandTables>().withTables<ModelTables>();
        return applyEvidence(tx.withTables<AttestationTables>(), items, at);
      },
    });
    const { app, role } = http;
    app.get("/api/v1/attestations", role("viewer"), async (c) =>
      c.json(await listAttestations(attestations.db, pageOf(c))),
    );
    app.get("/api/v1/attestations/:id", role("viewer"), async (c) =>
      c.json(await attestation(attestations.db, c.req.param("id"))),
    );
    const stop = every(context, WORK_MS, "evidence", () => attestations.work());
    return { close: stop };
  },
};
