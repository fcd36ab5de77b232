// SPDX-License-Identifier: Apache-2.0
// Events of the Open Cybersecurity Schema Framework 1.3.0: a violation is a Detection Finding (2004), a program that a workload starts is
// Process Activity: Launch (1007). What an untrusted process tries afterwards updates the finding of its violation.
import { parseRecord, RecordError, shown } from "../../../event/index.ts";
import type { FileId, SecurityEvent, SockAddr } from "../../../event/index.ts";
import type { Mark } from "../../../orchestrator/inspect/index.ts";
import type { Entry } from "../journal/entry.ts";
import { actorOf, deviceOf, endpointOf, fileOf, processOf } from "./ocsf-objects.ts";

export const OCSF_VERSION = "1.3.0";
const DETECTION_FINDING = 2004;
const PROCESS_ACTIVITY = 1007;

/** undefined: nothing of this kind has a class here. */
export function ocsfText(entry: Entry, productVersion: string): string | undefined {
  const event = ocsfEvent(entry, productVersion);
  return event === undefined ? undefined : shown(JSON.stringify(event));
}

export function ocsfEvent(entry: Entry, productVersion: string): object | undefined {
  const event = eventOf(entry);
  if (entry.mark !== undefined) return finding(entry, event, productVersion);
  if (event?.hook !== "bprm_committed_creds") return undefined;
  return launch(entry, event, productVersion);
}

function eventOf({ record }: Entry): SecurityEvent | undefined {
  if (typeof record !== "object" || record === null) return undefined;
  try {
    return parseRecord(JSON.stringify(record));
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

const CREATE = 1;
const UPDATE = 2;
/** Medium: action is required, the situation is under control; high when nothing was refused; critical when the workload had to be killed. */
const SEVERITIES = {
  denied: [3, "Medium"],
  observed: [4, "High"],
  killed: [5, "Critical"],
} as const;
/** security_control: action_id 0 Unknown, 1 Allowed, 2 Denied; disposition_id 2 Blocked, 15 Detected, 17 Logged. */
const ACTIONS = {
  denied: { action_id: 2, action: "Denied", disposition_id: 2, disposition: "Blocked" },
  killed: { action_id: 2, action: "Denied", disposition_id: 2, disposition: "Blocked" },
  observed: { action_id: 1, action: "Allowed", disposition_id: 17, disposition: "Logged" },
  /** Nobody could wait for the decision: it has happened, most likely, and then the workload was killed. */
  killedLate: { action_id: 0, action: "Unknown", disposition_id: 15, disposition: "Detected" },
} as const;

/** @param event undefined: this version can not read the record */
function finding(entry: Entry, event: SecurityEvent | undefined, productVersion: string): object {
  const { mark, workload } = entry;
  const words = entry.words ?? event?.hook ?? "an event that can not be read";
  const decision = mark?.decision ?? "observed";
  const update = mark?.kind === "refused";
  const activity = update ? UPDATE : CREATE;
  const [severity, severityName] = SEVERITIES[decision];
  const time = Date.parse(entry.time);
  return {
    activity_id: activity,
    activity_name: update ? "Update" : "Create",
    category_uid: 2,
    category_name: "Findings",
    class_uid: DETECTION_FINDING,
    class_name: "Detection Finding",
    type_uid: DETECTION_FINDING * 100 + activity,
    severity_id: severity,
    severity: severityName,
    status_id: update ? 2 : 1,
    status: update ? "In Progress" : "New",
    time,
    message: words,
    ...ACTIONS[effectOf(mark)],
    metadata: metadataOf(entry, productVersion, ["security_control"]),
    device: deviceOf(),
    finding_info: {
      uid: `${workload?.run}/violation/${mark?.number}`,
      title: update
        ? `${workload?.name}: a process that violated its model goes on trying`
        : `${workload?.name} did what its model does not hold`,
      desc: mark?.reason === undefined ? words : `${words} (${mark.reason})`,
      created_time: time,
      ...(event === undefined ? {} : { types: [event.hook] }),
      analytic: { name: "Galgo workload model", type_id: 2, type: "Behavioral" },
    },
    resources: [{ uid: workload?.run, name: workload?.name, type: "workload" }],
    evidences: [event === undefined ? { data: dataOf(entry) } : evidenceOf(entry, event)],
    ...(mark?.coefficient === undefined
      ? {}
      : { unmapped: { "galgo.coefficient": mark.coefficient } }),
  };
}

function effectOf(mark: Mark | undefined): keyof typeof ACTIONS {
  if (mark === undefined) return "observed";
  return mark.decision === "killed" && mark.heldUs === undefined ? "killedLate" : mark.decision;
}

function dataOf({ record }: Entry): object {
  return typeof record === "object" && record !== null ? record : { record: String(record) };
}

/** What the event was about: a file, an address. */
function evidenceOf(entry: Entry, event: SecurityEvent): object {
  const cell = event.cell as {
    readonly file?: FileId;
    readonly dentry?: { readonly path: { readonly pathname: string } };
    readonly addr?: SockAddr;
  };
  const path = cell.file?.path.pathname ?? cell.dentry?.path.pathname;
  const to = cell.addr === undefined ? undefined : endpointOf(event.hook, cell.addr);
  return {
    actor: actorOf(entry, event),
    ...(path === undefined ? {} : { file: fileOf(path, cell.file) }),
    ...(to === undefined ? {} : { dst_endpoint: to }),
  };
}

function launch(
  entry: Entry,
  event: SecurityEvent & { readonly hook: "bprm_committed_creds" },
  productVersion: string,
): object {
  const activity = 1;
  const { file } = event.cell;
  return {
    activity_id: activity,
    activity_name: "Launch",
    category_uid: 1,
    category_name: "System Activity",
    class_uid: PROCESS_ACTIVITY,
    class_name: "Process Activity",
    type_uid: PROCESS_ACTIVITY * 100 + activity,
    severity_id: 1,
    severity: "Informational",
    status_id: 1,
    status: "Success",
    time: Date.parse(entry.time),
    message: `${entry.workload?.name} starts a program`,
    metadata: metadataOf(entry, productVersion, []),
    device: deviceOf(),
    // the process became this program by itself: exec
    actor: { process: parentOf(entry, event) },
    process: processOf(entry, event, file),
  };
}

function parentOf(entry: Entry, event: SecurityEvent): object {
  const starter = entry.chain?.at(-2);
  return {
    pid: event.tgid ?? event.pid,
    ...(starter == null
      ? { name: event.process }
      : { name: starter.split("/").at(-1), file: fileOf(starter) }),
    uid: event.task.pTaskId,
  };
}

function metadataOf(entry: Entry, productVersion: string, profiles: readonly string[]): object {
  return {
    version: OCSF_VERSION,
    uid: entry.id,
    sequence: entry.seq,
    product: { name: "Galgo", vendor_name: "Galgo", version: productVersion },
    profiles: [
      "host",
      ...profiles,
      ...(entry.workload?.container === undefined ? [] : ["container"]),
    ],
    log_name: entry.kind,
    logged_time: Date.parse(entry.time),
    original_time: entry.time,
    ...(entry.workload === undefined ? {} : { correlation_uid: entry.workload.run }),
  };
}
