// SPDX-License-Identifier: Apache-2.0
// Services of systemd under a model: galgo systemd-unit.
export {
  type DropIn,
  type DropInRequest,
  makeDropIn,
  type UnitMode,
  type UnitSignature,
} from "./drop-in.ts";
export { UnitError } from "./errors.ts";
export { readUnit } from "./unit-files.ts";
