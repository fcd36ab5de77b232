// SPDX-License-Identifier: Apache-2.0
// Records as a TSEM kernel exports them and Quixote's export passes them on: the first occurrence of each behaviour as an event, an event outside of
// the model as event (its task waited) or async_event (nobody could wait), what an untrusted process tries as log.
import { parseRecord, RecordError, writeTsemRecord } from "../../../event/index.ts";
import type { SecurityEvent, TsemRecord } from "../../../event/index.ts";
import type { Entry } from "../journal/entry.ts";

export interface TsemFormat {
  /** Adds a last member "galgo" with the id of the entry, by which a record that came twice is known. Default yes. */
  readonly marks: boolean;
}

/** undefined: a TSEM kernel exports nothing of the kind. */
export function tsemText(entry: Entry, { marks }: TsemFormat): string | undefined {
  const event = eventOf(entry);
  // identities are no events there: they only make TASK_IDs
  if (event === undefined || event.hook === "bprm_committed_creds") return undefined;
  const text = writeTsemRecord(recordOf(event, entry));
  if (!marks) return text;
  const { id, workload, mark } = entry;
  const facts = { id, run: workload?.run, ...(mark === undefined ? {} : { mark }) };
  return `${text.slice(0, -1)}, "galgo": ${JSON.stringify(facts)}}`;
}

function eventOf({ record }: Entry): SecurityEvent | undefined {
  if (record === undefined) return undefined;
  try {
    return parseRecord(typeof record === "string" ? record : JSON.stringify(record));
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

function recordOf(event: SecurityEvent, { mark }: Entry): TsemRecord {
  if (mark?.kind === "refused")
    return { kind: "log", event, process: event.process, hook: event.hook };
  const waited = mark === undefined || mark.heldUs !== undefined;
  return { kind: waited ? "event" : "async_event", event };
}
