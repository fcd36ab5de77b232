// SPDX-License-Identifier: Apache-2.0
// Reads a record that record.ts wrote (and the well-formed ones of a TSEM kernel): every member is checked, none is ignored
// except those that only a kernel writes and that say nothing about the behaviour.
import { quote } from "../base/quote.ts";
import type { Coe } from "./coe.ts";
import type { HookName, SecurityEvent, TaskIdentity } from "./event.ts";
import { HOOKS, isHookName } from "./hooks.ts";
import type { Field } from "./layout.ts";
import { MAX_RECORD_CHARS } from "./limits.ts";
import { Members, type Reader } from "./read-members.ts";
import { READ, readDigest, readMask, readText, readU32, readU64 } from "./read-values.ts";
import { RecordError } from "./record-error.ts";

/** Members of `event` that a TSEM kernel adds: serial numbers of the task, the namespace and the event. */
const KERNEL_ONLY = ["tnum", "context", "number", "ttd", "p_ttd"];
const HEAD = ["pid", "tgid", "process", "type", "task_id", "p_task_id", "ts", ...KERNEL_ONLY];
const COE = ["uid", "euid", "suid", "gid", "egid", "sgid", "fsuid", "fsgid", "capeff"];

/**
 * The event that a record describes. Strict: an unknown, missing or malformed member is a `RecordError`.
 * A kernel's `export` member and serial numbers are accepted and dropped; an absent pid becomes 0.
 */
export function parseRecord(line: string): SecurityEvent {
  if (line.length > MAX_RECORD_CHARS) {
    const problem = `record has ${line.length} characters, at most ${MAX_RECORD_CHARS} are read`;
    throw new RecordError("TOO_LONG", problem);
  }
  const record = new Members(parseJson(line));
  record.skip(["export"]);
  const head = record.get("event", readHead);
  const { hook } = head;
  const coe = record.get("COE", readCoe);
  const members = record.get(hook, readObject);
  record.end(["export", "event", "COE", hook]);
  const { pid, tgid, process, task, ts } = head;
  const syscall = hook === "syscall" ? members.get("name", readText) : undefined;
  const event = {
    hook,
    ...(syscall !== undefined && { syscall }),
    pid,
    ...(tgid !== undefined && { tgid }),
    process,
    task,
    coe,
    ts,
    cell: readCell(members, HOOKS[hook].cell),
  };
  // The table gives every hook the layout of its own CELL type, which the compiler cannot follow through a variable hook.
  return event as unknown as SecurityEvent;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new RecordError("NOT_JSON", `record is not JSON: ${quote(line, 120)}`, { cause });
  }
}

const readObject: Reader<Members> = (value, of, name) => new Members(value, of, name);

interface Head extends Pick<SecurityEvent, "pid" | "process" | "task" | "ts"> {
  readonly hook: HookName;
  readonly tgid: number | undefined;
}

const readHead: Reader<Head> = (value, of, name) => {
  const m = new Members(value, of, name);
  const hook = m.get("type", readText);
  if (!isHookName(hook)) {
    throw new RecordError("UNKNOWN_HOOK", `record type ${quote(hook, 60)} is not a known hook`);
  }
  const head = {
    hook,
    pid: m.find("pid", readU32) ?? 0,
    tgid: m.find("tgid", readU32),
    process: m.get("process", readText),
    task: shareTask(m.get("task_id", readDigest), m.get("p_task_id", readDigest)),
    ts: m.get("ts", readU64),
  };
  m.skip(KERNEL_ONLY);
  m.end(HEAD);
  return head;
};

// Most records repeat the task and the credentials of the one before: sharing the objects lets a mapper keep H(COE).
let lastTask: TaskIdentity = { taskId: "", pTaskId: "" };
let lastCoe: Coe | undefined;

function shareTask(taskId: string, pTaskId: string): TaskIdentity {
  if (lastTask.taskId !== taskId || lastTask.pTaskId !== pTaskId) lastTask = { taskId, pTaskId };
  return lastTask;
}

const readCoe: Reader<Coe> = (value, of, name) => {
  const m = new Members(value, of, name);
  const coe = {
    uid: m.get("uid", readU32),
    euid: m.get("euid", readU32),
    suid: m.get("suid", readU32),
    gid: m.get("gid", readU32),
    egid: m.get("egid", readU32),
    sgid: m.get("sgid", readU32),
    fsuid: m.get("fsuid", readU32),
    fsgid: m.get("fsgid", readU32),
    capeff: m.get("capeff", readMask),
  };
  m.end(COE);
  if (lastCoe === undefined || !sameCoe(lastCoe, coe)) lastCoe = coe;
  return lastCoe;
};

function sameCoe(a: Coe, b: Coe): boolean {
  return (
    a.uid === b.uid &&
    a.euid === b.euid &&
    a.suid === b.suid &&
    a.gid === b.gid &&
    a.egid === b.egid &&
    a.sgid === b.sgid &&
    a.fsuid === b.fsuid &&
    a.fsgid === b.fsgid &&
    a.capeff === b.capeff
  );
}

function readCell(cell: Members, layout: readonly Field[]): Readonly<Record<string, unknown>> {
  const out: Record<string, unknown> = {};
  let group: Members | undefined;
  let groupName: string | undefined;
  for (const field of layout) {
    if (field.group !== groupName) {
      group?.end(jsonNames(layout));
      groupName = field.group;
      // Groups hold optional members only, so an absent group is an absent set of members.
      group = groupName === undefined ? undefined : cell.find(groupName, readObject);
    }
    const from = field.group === undefined ? cell : group;
    if (from === undefined || (field.optional && !from.has(field.json))) continue;
    out[field.member] = from.get<unknown>(field.json, READ[field.kind]);
  }
  group?.end(jsonNames(layout));
  cell.end(jsonNames(layout));
  return out;
}

const namesOfLayout = new WeakMap<readonly Field[], readonly string[]>();

/** Names that may stand in a cell: its members, its groups, and the name of a system call. */
function jsonNames(layout: readonly Field[]): readonly string[] {
  let names = namesOfLayout.get(layout);
  if (names === undefined) {
    const own = layout === HOOKS.syscall.cell ? ["name"] : [];
    names = [...own, ...layout.flatMap(({ json, group }) => [json, group ?? json])];
    namesOfLayout.set(layout, names);
  }
  return names;
}
