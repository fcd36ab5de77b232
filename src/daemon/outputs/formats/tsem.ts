// SPDX-License-Identifier: Apache-2.0
// Records as a TSEM kernel exports them and Quixote's export passes them on: the first occurrence of each behaviour as an event, an event outside of
// the model as event (its task waited) or async_event (nobody could wait), what an untrusted process tries as log.
import { exportedRecord, shown } from "../../../event/index.ts";
import type { Mark } from "../../../orchestrator/inspect/index.ts";
import type { Entry } from "../journal/entry.ts";

export interface TsemFormat {
  /** Adds a last member "galgo" with the id of the entry, by which a record that came twice is known. Default yes. */
  readonly marks: boolean;
}

/** undefined: a TSEM kernel exports nothing of the kind. */
export function tsemText(entry: Entry, { marks }: TsemFormat): string | undefined {
  const text = exported(entry);
  if (text === undefined || !marks) return text;
  const { id, workload, mark } = entry;
  const facts = { id, run: workload?.run, ...(mark === undefined ? {} : { mark }) };
  return `${text.slice(0, -1)}, "galgo": ${shown(JSON.stringify(facts))}}`;
}

function exported({ record, mark }: Entry): string | undefined {
  if (typeof record !== "object" || record === null) return undefined;
  const { event } = record as { readonly event?: { readonly type?: unknown } };
  // identities are no events there: they only make TASK_IDs
  if (event?.type === "bprm_committed_creds") return undefined;
  const text = exportedRecord(record, kindOf(mark));
  if (text !== undefined) return text;
  // what is no record of this version is passed on as it is
  const json = JSON.stringify(record);
  const members = json === "{}" ? "}" : `, ${json.slice(1)}`;
  return shown(`{"export": {"type": "event"}${members}`);
}

function kindOf(mark: Mark | undefined): "event" | "async_event" | "log" {
  if (mark?.kind === "refused") return "log";
  return mark === undefined || mark.heldUs !== undefined ? "event" : "async_event";
}
