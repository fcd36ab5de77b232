// SPDX-License-Identifier: Apache-2.0
// What is seen of the fleet.
export { candidatesOf } from "./behaviours.ts";
export { viewsPart } from "./part.ts";
export { FleetViews, type PendingCount, type PendingName } from "./views.ts";
