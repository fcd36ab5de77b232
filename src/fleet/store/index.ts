// SPDX-License-Identifier: Apache-2.0
// The store of a fleet.
export { StoreError } from "./errors.ts";
export { gathered } from "./gathered.ts";
export { openStore } from "./store.ts";
export { dbText, holding, holds, pieces, valuesOf } from "./values.ts";
export type { FleetStore, StoreOptions } from "./store.ts";
export type { FleetMigration, FleetMigrations } from "./migration.ts";
export type * from "./tables.ts";
