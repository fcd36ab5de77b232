// SPDX-License-Identifier: Apache-2.0
// Reads a record that record.ts wrote (and the well-formed ones of a TSEM kernel): every member is checked, none is ignored.
import { quote } from "../base/quote.ts";
import type { Coe } from "./coe.ts";
import type { EventBase, HookName, SecurityEvent, TaskIdentity } from "./event.ts";
import { isHookName } from "./hooks.ts";
import { MAX_RECORD_CHARS } from "./limits.ts";
import { readCell } from "./read-cell.ts";
import { Members, type Reader } from "./read-members.ts";
import { COE, readCoe } from "./read-objects.ts";
import { readDigest, readText, readU32, readU64 } from "./read-values.ts";
import { RecordError } from "./record-error.ts";

const IDS = ["pid", "tgid", "tnum", "context", "number", "ttd", "p_ttd"];
const HEAD = [...IDS, "process", "type", "task_id", "p_task_id", "ts"];

/**
 * The event that a record describes. Strict: an unknown, missing or malformed member is a `RecordError`.
 * A kernel's `export` member is accepted and dropped; an absent pid becomes 0.
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
  const coe = record.get("COE", readSharedCoe);
  const members = record.get(hook, readObject);
  record.end(["export", "event", "COE", hook]);
  const { base, serials } = head;
  const syscall = hook === "syscall" ? members.get("name", readText) : undefined;
  const cell = readCell(members, hook);
  const event = { hook, ...(syscall !== undefined && { syscall }), ...base, ...serials, coe, cell };
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

type Serials = Pick<EventBase, "tgid" | "tnum" | "context" | "number" | "ttd" | "pTtd">;

interface Head {
  readonly hook: HookName;
  readonly base: Pick<EventBase, "pid" | "process" | "task" | "ts">;
  readonly serials: Serials;
}

const readHead: Reader<Head> = (value, of, name) => {
  const m = new Members(value, of, name);
  const hook = m.get("type", readText);
  if (!isHookName(hook)) {
    throw new RecordError("UNKNOWN_HOOK", `record type ${quote(hook, 60)} is not a known hook`);
  }
  const base = {
    pid: m.find("pid", readU32) ?? 0,
    process: m.get("process", readText),
    task: shareTask(m.get("task_id", readDigest), m.get("p_task_id", readDigest)),
    ts: m.get("ts", readU64),
  };
  const serials = readSerials(m);
  m.end(HEAD);
  return { hook, base, serials };
};

/** What only some sensors know: an absent number stays absent. */
function readSerials(m: Members): Serials {
  const serials: { -readonly [K in keyof Serials]: Serials[K] } = {};
  const tgid = m.find("tgid", readU32);
  if (tgid !== undefined) serials.tgid = tgid;
  const tnum = m.find("tnum", readU64);
  if (tnum !== undefined) serials.tnum = tnum;
  const context = m.find("context", readU32);
  if (context !== undefined) serials.context = context;
  const number = m.find("number", readU64);
  if (number !== undefined) serials.number = number;
  const ttd = m.find("ttd", readU64);
  if (ttd !== undefined) serials.ttd = ttd;
  const pTtd = m.find("p_ttd", readU64);
  if (pTtd !== undefined) serials.pTtd = pTtd;
  return serials;
}

// Most records repeat the task and the credentials of the one before: sharing the objects lets a mapper keep H(COE).
let lastTask: TaskIdentity = { taskId: "", pTaskId: "" };
let lastCoe: Coe | undefined;

function shareTask(taskId: string, pTaskId: string): TaskIdentity {
  if (lastTask.taskId !== taskId || lastTask.pTaskId !== pTaskId) lastTask = { taskId, pTaskId };
  return lastTask;
}

const readSharedCoe: Reader<Coe> = (value, of, name) => {
  const m = new Members(value, of, name);
  const coe = readCoe(m);
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
