// SPDX-License-Identifier: Apache-2.0
// A namespace with a real agent and real record files, and what it does to the world around it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { parseRecord } from "../../src/event/index.ts";
import type { Coe, FileId, SecurityEvent, TaskIdentity } from "../../src/event/index.ts";
import { BUILTIN_PROFILES } from "../../src/model/runtime/index.ts";
import { createTma } from "../../src/tma/index.ts";
import type { NamespaceTma } from "../../src/tma/index.ts";
import { readLines } from "../../src/orchestrator/records/line-reader.ts";
import { splitMark } from "../../src/orchestrator/records/marks.ts";
import type { Mark } from "../../src/orchestrator/records/marks.ts";
import { createNamespace } from "../../src/orchestrator/namespace/create.ts";
import type { Namespace } from "../../src/orchestrator/namespace/namespace-types.ts";
import type {
  NamespaceAgent,
  NamespaceOptions,
  ViolationReport,
} from "../../src/orchestrator/namespace/namespace-types.ts";
import { openRecordLog } from "../../src/orchestrator/records/record-log.ts";
import type { RecordLog } from "../../src/orchestrator/records/record-log.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-namespace-"));
after(() => rmSync(folder, { recursive: true, force: true }));

export const COE: Coe = {
  uid: 1,
  euid: 1,
  suid: 1,
  gid: 1,
  egid: 1,
  sgid: 1,
  fsuid: 1,
  fsgid: 1,
  capeff: 0n,
};

export function file(pathname: string): FileId {
  const inode = { uid: 0, gid: 0, mode: 0o100644, sMagic: 0xef53 };
  return { flags: 0, inode, path: { pathname }, digest: "ab".repeat(32) };
}

export function open(task: TaskIdentity, pathname: string): SecurityEvent {
  return {
    hook: "file_open",
    pid: 7,
    process: "sh",
    task,
    coe: COE,
    ts: 0n,
    cell: { file: file(pathname) },
  };
}

export function newAgent(points: readonly string[] = [], sealed = false): NamespaceTma {
  const profile = BUILTIN_PROFILES.exact;
  return createTma({
    mapping: "tsem-v4",
    digest: "sha256",
    profile,
    points,
    pseudonyms: [],
    sealed,
  });
}

/** Coefficients of what is allowed: the root task opens /allowed. */
export function allowedPoints(): string[] {
  const agent = newAgent();
  return [agent.assess(open(agent.root, "/allowed")).coefficient];
}

export interface Bench {
  readonly namespace: Namespace;
  readonly agent: NamespaceTma;
  readonly kills: string[];
  readonly reports: ViolationReport[];
  readonly failures: unknown[];
  readonly trajectory: string;
  readonly forensics: string;
}

let serial = 0;

interface Changes {
  readonly agent?: NamespaceAgent;
  readonly forensicLog?: RecordLog;
}

export function newBench(options: NamespaceOptions, changes: Changes = {}): Bench {
  serial += 1;
  const agent = options.mode === "free" ? newAgent() : newAgent(allowedPoints(), true);
  const [trajectory, forensics] = [join(folder, `t${serial}`), join(folder, `f${serial}`)];
  const bench = {
    agent,
    kills: [] as string[],
    reports: [] as ViolationReport[],
    failures: [] as unknown[],
  };
  const nothing = (): void => undefined;
  const namespace = createNamespace(options, {
    agent: changes.agent ?? agent,
    trajectory: openRecordLog(trajectory),
    forensics: changes.forensicLog ?? openRecordLog(forensics),
    pulse: {
      event: nothing,
      extended: nothing,
      sealed: nothing,
      violation: nothing,
      refused: nothing,
      lost: nothing,
    },
    kill: (reason) => bench.kills.push(reason),
    report: (violation) => bench.reports.push(violation),
    failed: (error) => bench.failures.push(error),
  });
  return { ...bench, namespace, trajectory, forensics };
}

export function recordsOf(path: string): { event: SecurityEvent; mark: Mark | undefined }[] {
  return [...readLines(path)].map(({ text }) => {
    const { record, mark } = splitMark(text);
    return { event: parseRecord(record), mark };
  });
}
