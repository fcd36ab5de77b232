// SPDX-License-Identifier: Apache-2.0
// Ingest into the embedded database; into PostgreSQL: store-postgres.test.ts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { openStore } from "../../src/fleet/store/index.ts";
import type { FleetStore } from "../../src/fleet/store/index.ts";
import { ingestSuite } from "../helpers/ingest-suite.ts";

describe("the embedded database", () => {
  const dataRoot = mkdtempSync(join(tmpdir(), "galgo-ingest-"));
  let store: FleetStore;
  before(async () => {
    store = await openStore({ url: "sqlite:", dataRoot });
  });
  after(async () => {
    await store?.close();
    rmSync(dataRoot, { recursive: true, force: true });
  });
  ingestSuite("SQLite", () => store);
});
