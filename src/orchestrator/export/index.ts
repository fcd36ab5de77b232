// SPDX-License-Identifier: Apache-2.0
// Models in the forms of what others enforce.
export {
  EXPORT_FORMS,
  type ExportForm,
  exportModel,
  type ExportRequest,
  type ExportResult,
} from "./export-model.ts";
export { BASE_CALLS } from "./base-calls.ts";
export { type Loss, lossLine } from "./losses.ts";
export { OCI_ARCHITECTURES } from "./oci-profile.ts";
