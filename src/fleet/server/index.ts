// SPDX-License-Identifier: Apache-2.0
// The server of a fleet, for those who start one.
export { startFleet, type RunningFleet } from "./serve.ts";
export { isName, parseEndpoint, type Endpoint, type FleetOptions } from "./options.ts";
