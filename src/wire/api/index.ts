// SPDX-License-Identifier: Apache-2.0
// The fleet's HTTP API as values and types, for the server, the console and the command line.
export {
  CSRF_HEADER,
  DEFAULT_ROWS,
  isAtLeast,
  MAX_ROWS,
  ROLES,
  type FleetHealth,
  type FleetProblem,
  type Role,
  type Rows,
} from "./common.ts";
