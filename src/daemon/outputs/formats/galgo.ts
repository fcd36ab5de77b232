// SPDX-License-Identifier: Apache-2.0
// Galgo's own format: the entry as it stands in the journal (docs/reference/output-record.schema.json).
import { shown } from "../../../event/index.ts";
import type { Entry } from "../journal/entry.ts";

export function galgoText(entry: Entry): string {
  return shown(JSON.stringify(entry));
}
