// SPDX-License-Identifier: Apache-2.0
// What a report page is made of, and the mathematics that it shows. A door of its own: a page loads nothing else of this stage.
export {
  chanceOfNew,
  expectedInNextRun,
  neverSeen,
  runsAt,
} from "../completeness/completeness-estimates.ts";
export { REPORT_FORMAT } from "./data.ts";
export { REPORT_KINDS, reportKind } from "./kind.ts";
