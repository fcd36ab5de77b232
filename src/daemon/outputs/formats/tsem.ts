// SPDX-License-Identifier: Apache-2.0
// Records as a TSEM kernel exports them and Quixote's export passes them on: the first occurrence of each behaviour as an event, an event outside of
// the model as event (its task waited) or async_event (nobody could wait), what an untrusted process tries as log.
import { parseRecord, RecordError, shown, writeTsemRecord } from "../../../event/index.ts";
import type { SecurityEvent, TsemRecord } from "../../../event/index.ts";
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

function exported(entry: Entry): string | undefined {
  const { record } = entry;
  if (typeof record !== "object" || record === null) return undefined;
  const json = JSON.stringify(record);
  try {
    const event = parseRecord(json);
    // identities are no events there: they only make TASK_IDs
    if (event.hook === "bprm_committed_creds") return undefined;
    return writeTsemRecord(recordOf(event, entry));
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    // what this version can not read is passed on as it is
    const members = json === "{}" ? "}" : `, ${json.slice(1)}`;
    return shown(`{"export": {"type": "event"}${members}`);
  }
}

function recordOf(event: SecurityEvent, { mark }: Entry): TsemRecord {
  if (mark?.kind === "refused")
    return { kind: "log", event, process: event.process, hook: event.hook };
  const waited = mark === undefined || mark.heldUs !== undefined;
  return { kind: waited ? "event" : "async_event", event };
}
