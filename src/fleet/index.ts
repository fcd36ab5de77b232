// SPDX-License-Identifier: Apache-2.0
// The fleet's server, as the command line uses it.
export { readOidcFile } from "./auth/oidc-config.ts";
export { FleetError, FleetStartError } from "./errors.ts";
export {
  type Endpoint,
  type FleetOptions,
  isName,
  parseEndpoint,
  type RunningFleet,
  startFleet,
} from "./server/index.ts";
