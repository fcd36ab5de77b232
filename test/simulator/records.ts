// SPDX-License-Identifier: Apache-2.0
// Export records as the two kernels of the simulator write them: unescaped names, one line each.
import { createHash } from "node:crypto";
import { readlinkSync } from "node:fs";
import type { SimulatedTask } from "./namespaces.ts";
import { taskFacts } from "./tasks.ts";

export interface DescribedEvent {
  readonly kind: "event" | "async_event" | "log";
  readonly task: SimulatedTask;
  readonly number: number;
  /** Shape of 2024. */
  readonly old: boolean;
  readonly hook: string;
  readonly args: readonly string[];
  readonly refused?: boolean;
}

type Members = Readonly<Record<string, unknown>>;

/** The kernel's JSON: a blank after each colon and comma, every scalar a string, nothing escaped. */
export function write(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    const parts = Object.entries(value as Members).map(
      ([key, member]) => `"${key}": ${write(member)}`,
    );
    return `{${parts.join(", ")}}`;
  }
  return `"${String(value)}"`;
}

export function describe(event: DescribedEvent): string {
  const { task, kind, old, hook, args } = event;
  const process = taskFacts(task.tid)?.comm ?? "";
  if (old && kind === "log") {
    const action = event.refused === true ? "DENY" : "LOG";
    return write({ export: { type: "log" }, log: { process, event: hook, action } });
  }
  const id = programOf(task.tid);
  return write({
    export: { type: kind },
    event: {
      pid: task.tid,
      ...(old ? {} : { tnum: task.tnum }),
      context: task.namespace.id,
      number: event.number,
      process,
      type: hook,
      ttd: 1,
      p_ttd: 0,
      task_id: id,
      p_task_id: id,
      ts: 1000 + event.number,
    },
    COE: {
      uid: 0,
      euid: 0,
      suid: 0,
      gid: 0,
      egid: 0,
      sgid: 0,
      fsuid: 0,
      fsgid: 0,
      capeff: "0x1ffffffffff",
    },
    [hook]: cell(hook, args, old),
  });
}

function cell(hook: string, args: readonly string[], old: boolean): Members {
  const [first = "0", second = "0"] = args;
  switch (hook) {
    case "file_open":
      return { file: file(args.join(" "), old) };
    case "socket_create":
      return { family: first, type: second, protocol: 0, kern: 0 };
    case "capable":
      return { cap: first, opts: 0 };
    default:
      return {};
  }
}

function file(pathname: string, old: boolean): Members {
  return {
    flags: 32768,
    inode: {
      uid: 0,
      gid: 0,
      mode: "0100644",
      s_magic: "0xef53",
      s_id: "vda",
      s_uuid: "0123456789abcdef0123456789abcdef",
    },
    path: { dev: { major: 254, minor: 0 }, ...(old ? {} : { type: "root" }), pathname },
    digest: createHash("sha256").update(pathname).digest("hex"),
  };
}

/** Stands for a TASK_ID: the same program gives the same one. */
function programOf(tid: number): string {
  let program = "";
  try {
    program = readlinkSync(`/proc/${tid}/exe`);
  } catch {
    // the task has ended meanwhile
  }
  return createHash("sha256").update(program).digest("hex");
}
