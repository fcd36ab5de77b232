// SPDX-License-Identifier: Apache-2.0
// What a report page is made of. A door of its own: the page loads nothing else of this stage.
export { REPORT_FORMAT } from "./data.ts";
export { REPORT_KINDS, type ReportKind, reportKind } from "./kind.ts";
