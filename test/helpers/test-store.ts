// SPDX-License-Identifier: Apache-2.0
// The store of tests that do not care which database it is on: SQLite, or the one that operators-postgres.test.ts names.
import { openStore } from "../../src/fleet/store/index.ts";
import type { FleetStore } from "../../src/fleet/store/index.ts";

/** Variable with the URL of an empty database. */
export const TEST_DATABASE = "GALGO_TEST_DATABASE";

/** @param folder of the file, when it is SQLite */
export async function openTestStore(folder: string): Promise<FleetStore> {
  return openStore({ url: process.env[TEST_DATABASE] ?? "sqlite:", dataRoot: folder });
}
