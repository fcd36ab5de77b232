// SPDX-License-Identifier: Apache-2.0
// A client of a fleet's API.
export {
  accessOfData,
  FleetClient,
  FleetClientError,
  SERVER_FILE,
  type FleetAccess,
} from "./client.ts";
