// SPDX-License-Identifier: Apache-2.0
// The `event` member in a kernel's spelling: who acts, and serial numbers.
import type { HookName, TaskIdentity } from "../event.ts";
import { HOOK_NAMES } from "../hooks.ts";
import { MAX_COMM_BYTES } from "./limits.ts";
import { MISMATCH, type Scanner } from "./scanner.ts";
import { TextCache } from "./text-cache.ts";

/** What records of one program doing one kind of thing have in common. */
export interface Actor {
  readonly process: string;
  /** The hook as the kernel spells it, and in the vocabulary. */
  readonly type: string;
  readonly hook: HookName;
  readonly ttd: number | bigint | undefined;
  readonly pTtd: number | bigint | undefined;
  readonly task: TaskIdentity;
}

/** The `event` member. Numbers that may have 64 bits are bigints only where they must. */
export interface Head {
  pid: number | undefined;
  tgid: number | undefined;
  tnum: number | bigint | undefined;
  context: number | undefined;
  number: number | bigint | undefined;
  actor: Actor;
  ts: number | bigint;
}

/** Spellings of hooks, with the one that kernels of 2024 use for exec. */
const HOOK_BY_TYPE: ReadonlyMap<string, HookName> = new Map([
  ...HOOK_NAMES.map((name): [string, HookName] => [name, name]),
  ["bprm_committing_creds", "bprm_committed_creds"],
]);

/** The hook of a `type`, undefined when it is not in the vocabulary. */
export function hookOfType(type: string): HookName | undefined {
  return HOOK_BY_TYPE.get(type);
}

/** The `event` member, from its name to its closing brace and what stands before the next member. */
export function scanHead(s: Scanner): Head {
  s.fixed('"event": {"');
  const head = scanSerials(s);
  s.fixed('process": "');
  head.actor = scanActor(s);
  if (s.skip('", "ts": "')) head.ts = s.wide();
  s.fixed('"}, ');
  return head;
}

const NOBODY: Actor = {
  process: "",
  type: "file_open",
  hook: "file_open",
  ttd: undefined,
  pTtd: undefined,
  task: { taskId: "", pTaskId: "" },
};

function scanSerials(s: Scanner): Head {
  const head: Head = {
    pid: undefined,
    tgid: undefined,
    tnum: undefined,
    context: undefined,
    number: undefined,
    actor: NOBODY,
    ts: 0,
  };
  if (s.skip('pid": "')) {
    head.pid = s.u32();
    s.fixed('", "');
  }
  if (s.skip('tgid": "')) {
    head.tgid = s.u32();
    s.fixed('", "');
  }
  if (s.skip('tnum": "')) {
    head.tnum = s.wide();
    s.fixed('", "');
  }
  if (s.skip('context": "')) {
    head.context = s.u32();
    s.fixed('", "');
  }
  if (s.skip('number": "')) {
    head.number = s.wide();
    s.fixed('", "');
  }
  return head;
}

/** What stands behind an actor, and how much of one with digests of 32 bytes is there at least: to find its end. */
const BEHIND_ACTOR = '", "ts": "';
const LEAST_ACTOR = 190;

const known = new TextCache<Actor>();

/** From the text of `process` to the end of `p_task_id`. Identities are shared between records that have the same. */
function scanActor(s: Scanner): Actor {
  if (s.guided) return readActor(s);
  const start = s.pos;
  const end = s.text.indexOf(BEHIND_ACTOR, start + LEAST_ACTOR);
  const actor = end < 0 ? undefined : known.get(s.text, start, end);
  if (actor !== undefined) {
    s.pos = end;
    return actor;
  }
  const read = readActor(s);
  known.set(s.text, start, s.pos, read);
  return read;
}

function readActor(s: Scanner): Actor {
  const process = s.chosen('", "type": "');
  // A name of a task is short; this keeps a file name from being taken for a part of it.
  if (s.guided && process.length > MAX_COMM_BYTES) throw MISMATCH;
  s.fixed('", "type": "');
  const type = s.word();
  const hook = hookOfType(type);
  if (hook === undefined) throw MISMATCH;
  s.fixed(', "');
  let ttd: number | bigint | undefined;
  let pTtd: number | bigint | undefined;
  if (s.skip('ttd": "')) {
    ttd = s.wide();
    s.fixed('", "');
  }
  if (s.skip('p_ttd": "')) {
    pTtd = s.wide();
    s.fixed('", "');
  }
  s.fixed('task_id": "');
  const taskId = s.digest();
  s.fixed('", "p_task_id": "');
  return { process, type, hook, ttd, pTtd, task: shareTask(taskId, s.digest()) };
}

let lastTask: TaskIdentity = { taskId: "", pTaskId: "" };

function shareTask(taskId: string, pTaskId: string): TaskIdentity {
  if (lastTask.taskId !== taskId || lastTask.pTaskId !== pTaskId) lastTask = { taskId, pTaskId };
  return lastTask;
}
