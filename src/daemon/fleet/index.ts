// SPDX-License-Identifier: Apache-2.0
// The membership of a host in a fleet, for who changes it; loads nothing of the daemon itself.
export { enrol, type Enrolled, type EnrolRequest } from "./enrol.ts";
export { FleetError } from "./errors.ts";
export { fleetFolder, type Membership, MembershipFiles } from "./membership.ts";
export { type FleetStatus, NOT_JOINED } from "./status.ts";
