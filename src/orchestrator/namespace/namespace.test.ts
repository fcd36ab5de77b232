// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { parseRecord } from "../../event/index.ts";
import type { Coe, FileId, SecurityEvent, TaskIdentity } from "../../event/index.ts";
import { BUILTIN_PROFILES } from "../../model/runtime/index.ts";
import { createInProcessTma } from "../../tma/index.ts";
import type { InProcessTma } from "../../tma/index.ts";
import { readLines } from "../records/line-reader.ts";
import { splitMark } from "../records/marks.ts";
import type { Mark } from "../records/marks.ts";
import { createNamespace } from "./namespace.ts";
import type { Namespace } from "./namespace.ts";
import type { NamespaceAgent, NamespaceOptions, ViolationReport } from "./namespace-types.ts";
import { openRecordLog } from "../records/record-log.ts";
import type { RecordLog } from "../records/record-log.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-namespace-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const COE: Coe = {
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

function file(pathname: string): FileId {
  const inode = { uid: 0, gid: 0, mode: 0o100644, sMagic: 0xef53 };
  return { flags: 0, inode, path: { pathname }, digest: "ab".repeat(32) };
}

function open(task: TaskIdentity, pathname: string): SecurityEvent {
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

function newAgent(points: readonly string[] = [], sealed = false): InProcessTma {
  const profile = BUILTIN_PROFILES.exact;
  return createInProcessTma({
    mapping: "tsem-v4",
    digest: "sha256",
    profile,
    points,
    pseudonyms: [],
    sealed,
  });
}

/** Coefficients of what is allowed: the root task opens /allowed. */
function allowedPoints(): string[] {
  const agent = newAgent();
  return [agent.assess(open(agent.root, "/allowed")).coefficient];
}

interface Bench {
  readonly namespace: Namespace;
  readonly agent: InProcessTma;
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

function newBench(options: NamespaceOptions, changes: Changes = {}): Bench {
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
    pulse: { event: nothing, violation: nothing, refused: nothing, lost: nothing },
    kill: (reason) => bench.kills.push(reason),
    report: (violation) => bench.reports.push(violation),
    failed: (error) => bench.failures.push(error),
  });
  return { ...bench, namespace, trajectory, forensics };
}

function recordsOf(path: string): { event: SecurityEvent; mark: Mark | undefined }[] {
  return [...readLines(path)].map(({ text }) => {
    const { record, mark } = splitMark(text);
    return { event: parseRecord(record), mark };
  });
}

describe("events that the kernel decided by itself", () => {
  const enforced = { mode: "enforce", onViolation: "deny" } as const;

  it("are modeled in a free namespace, and count when they come again", () => {
    const { namespace, agent, trajectory } = newBench({ mode: "free", onViolation: "deny" });
    const { action, point } = namespace.happened(open(namespace.root, "/a"), {
      refused: false,
      untrusted: false,
    });
    assert.equal(action, "allow");
    assert.ok(point !== undefined);
    namespace.repeated(point, 41);
    namespace.finish();
    assert.deepEqual(agent.points(), [{ coefficient: point, count: 42, valid: true }]);
    assert.equal(namespace.summary().events, 42);
    assert.equal(recordsOf(trajectory).length, 1);
  });

  it("are violations that were denied when they were refused outside the model, each once", () => {
    const { namespace, reports, kills } = newBench(enforced);
    for (const untrusted of [false, true]) {
      const decision = namespace.happened(open(namespace.root, "/b"), { refused: true, untrusted });
      assert.equal(decision.action, "deny");
      assert.equal(decision.point, undefined);
    }
    namespace.finish();
    assert.equal(reports.length, 1);
    assert.equal(reports[0]?.decision, "denied");
    assert.equal(reports[0]?.heldUs, undefined);
    assert.deepEqual(kills, []);
    const { violations, refused } = namespace.summary();
    assert.deepEqual({ violations, refused }, { violations: 1, refused: 1 });
  });

  it("kill the workload where that is the policy", () => {
    const { namespace, kills } = newBench({ mode: "enforce", onViolation: "kill" });
    const how = { refused: true, untrusted: false };
    assert.equal(namespace.happened(open(namespace.root, "/b"), how).action, "kill");
    assert.equal(kills.length, 1);
  });

  it("are said to have been refused wrongly when they are in the model", () => {
    const { namespace, reports } = newBench(enforced);
    const how = { refused: true, untrusted: false };
    for (let time = 0; time < 2; time++) {
      const { action, point } = namespace.happened(open(namespace.root, "/allowed"), how);
      assert.equal(action, "allow");
      assert.ok(point !== undefined);
    }
    namespace.finish();
    assert.equal(reports.length, 1);
    assert.match(reports[0]?.reason ?? "", /in the model, but refused by the kernel/);
  });
});

describe("a free namespace", () => {
  it("allows everything and records each behaviour once", () => {
    const { namespace, trajectory } = newBench({ mode: "free", onViolation: "deny" });
    for (const path of ["/a", "/b", "/a"]) {
      const { action, discipline } = namespace.decide(open(namespace.root, path), false);
      assert.deepEqual([action, discipline], ["allow", false]);
      namespace.answered(true);
    }
    assert.deepEqual(recordsOf(trajectory), []);
    namespace.answered(false);
    const paths = recordsOf(trajectory).map(({ event }) =>
      event.hook === "file_open" ? event.cell.file.path.pathname : "",
    );
    assert.deepEqual(paths, ["/a", "/b"]);
    assert.equal(namespace.summary().events, 3);
    assert.equal(namespace.summary().latency.count, 3);
  });

  it("records each identity once, before what is done under it", () => {
    const { namespace, trajectory } = newBench({ mode: "free", onViolation: "deny" });
    const sh = namespace.execed(namespace.root, {
      coe: COE,
      file: file("/bin/sh"),
      pid: 7,
      process: "sh",
    });
    assert.deepEqual(
      namespace.execed(namespace.root, { coe: COE, file: file("/bin/sh"), pid: 8, process: "sh" }),
      sh,
    );
    const cat = namespace.execed(namespace.forked(sh), {
      coe: COE,
      file: file("/bin/cat"),
      pid: 9,
      process: "cat",
    });
    assert.equal(cat.pTaskId, sh.taskId);
    namespace.decide(open(cat, "/a"), false);
    namespace.finish();
    const records = recordsOf(trajectory).map(({ event }) => [event.hook, event.task.taskId]);
    assert.deepEqual(records, [
      ["bprm_committed_creds", sh.taskId],
      ["bprm_committed_creds", cat.taskId],
      ["file_open", cat.taskId],
    ]);
  });

  it("counts what contradicts a decision as lost", () => {
    const { namespace, kills } = newBench({ mode: "free", onViolation: "deny" });
    assert.equal(namespace.violated(open(namespace.root, "/a"), "another image").action, "allow");
    assert.deepEqual(kills, []);
    assert.equal(namespace.summary().lost, 1);
    assert.equal(namespace.summary().losses[0]?.reason, "another image");
  });
});

describe("a detecting namespace", () => {
  it("records what is unknown, once, and refuses nothing", () => {
    const { namespace, forensics, reports } = newBench({ mode: "detect", onViolation: "observe" });
    const { root } = namespace;
    assert.equal(namespace.decide(open(root, "/allowed"), false).discipline, false);
    for (let n = 0; n < 3; n += 1) {
      assert.deepEqual(namespace.decide(open(root, "/new"), n > 0), {
        action: "allow",
        discipline: true,
      });
      namespace.answered(false);
    }
    assert.deepEqual(
      recordsOf(forensics).map(({ mark }) => [mark?.kind, mark?.number, mark?.decision]),
      [["violation", 1, "observed"]],
    );
    assert.deepEqual(
      reports.map(({ number }) => number),
      [1],
    );
    assert.equal(namespace.summary().violations, 1);
  });
});

describe("an enforcing namespace", () => {
  it("denies, disciplines, and refuses what an untrusted process does later without modeling it", () => {
    const { namespace, agent, forensics, kills } = newBench({
      mode: "enforce",
      onViolation: "deny",
    });
    const { root } = namespace;
    assert.equal(namespace.decide(open(root, "/allowed"), false).action, "allow");
    assert.deepEqual(namespace.decide(open(root, "/new"), false), {
      action: "deny",
      discipline: true,
    });
    namespace.answered(false);
    const modeled = agent.counts.events;
    for (let n = 0; n < 2; n += 1) {
      assert.deepEqual(namespace.decide(open(root, "/allowed"), true), {
        action: "deny",
        discipline: true,
      });
      namespace.answered(false);
    }
    assert.equal(agent.counts.events, modeled);
    assert.deepEqual(
      recordsOf(forensics).map(({ mark }) => [mark?.kind, mark?.number, mark?.decision]),
      [
        ["violation", 1, "denied"],
        ["refused", 1, "denied"],
      ],
    );
    const { violations, refused } = namespace.summary();
    assert.deepEqual({ violations, refused }, { violations: 1, refused: 2 });
    assert.deepEqual(kills, []);
  });

  it("denies the same unknown behaviour again, without a second record", () => {
    const { namespace, forensics } = newBench({ mode: "enforce", onViolation: "deny" });
    for (let n = 0; n < 2; n += 1) {
      assert.equal(namespace.decide(open(namespace.root, "/new"), false).action, "deny");
      namespace.answered(false);
    }
    assert.equal(recordsOf(forensics).length, 1);
  });

  it("reports who did what, with the programs on the way, and says how long it was held", () => {
    const { namespace, reports, forensics } = newBench({ mode: "enforce", onViolation: "deny" });
    const sh = namespace.execed(namespace.root, {
      coe: COE,
      file: file("/bin/sh"),
      pid: 7,
      process: "sh",
    });
    const cat = namespace.execed(namespace.forked(sh), {
      coe: COE,
      file: file("/bin/cat"),
      pid: 9,
      process: "cat",
    });
    namespace.decide(open(cat, "/etc/shadow"), false);
    assert.equal(reports.length, 0);
    namespace.answered(false);
    const [report] = reports;
    assert.deepEqual(report?.chain, ["/bin/sh", "/bin/cat"]);
    assert.equal(report?.decision, "denied");
    assert.ok((report?.heldUs ?? -1) >= 0);
    // the forensics file names the actors by itself
    assert.deepEqual(
      recordsOf(forensics).map(({ event }) => event.hook),
      ["bprm_committed_creds", "bprm_committed_creds", "file_open"],
    );
  });

  it("kills at once when the policy is kill, and has the record written by then", () => {
    const { namespace, forensics, kills } = newBench({ mode: "enforce", onViolation: "kill" });
    assert.equal(namespace.decide(open(namespace.root, "/new"), false).action, "kill");
    assert.equal(kills.length, 1);
    assert.equal(recordsOf(forensics)[0]?.mark?.decision, "killed");
    assert.equal(namespace.decide(open(namespace.root, "/allowed"), false).action, "kill");
    assert.equal(kills.length, 1);
    assert.match(namespace.summary().killed ?? "", /violated/);
  });

  it("only watches when the policy is observe", () => {
    const { namespace, kills } = newBench({ mode: "enforce", onViolation: "observe" });
    assert.equal(namespace.decide(open(namespace.root, "/new"), false).action, "allow");
    assert.equal(namespace.decide(open(namespace.root, "/allowed"), true).action, "allow");
    assert.equal(namespace.violated(open(namespace.root, "/x"), "not held").action, "allow");
    assert.deepEqual(kills, []);
  });

  it("kills when an event that could not be held is outside the model", () => {
    const { namespace, forensics, kills, reports } = newBench({
      mode: "enforce",
      onViolation: "deny",
    });
    assert.equal(
      namespace.violated(open(namespace.root, "/x"), "another image runs").action,
      "kill",
    );
    assert.match(kills[0] ?? "", /another image runs/);
    const [record] = recordsOf(forensics);
    assert.deepEqual(record?.mark, {
      kind: "violation",
      number: 1,
      decision: "killed",
      reason: "another image runs",
    });
    assert.equal(reports[0]?.reason, "another image runs");
  });

  it("denies and kills, aloud, when the agent gives no verdict", () => {
    const broken: NamespaceAgent = {
      ...spread(newAgent()),
      assess: () => {
        throw new Error("agent is gone");
      },
    };
    const { namespace, kills, failures } = newBench(
      { mode: "enforce", onViolation: "deny" },
      { agent: broken },
    );
    assert.equal(namespace.decide(open(namespace.root, "/allowed"), false).action, "kill");
    assert.match(kills[0] ?? "", /agent is gone/);
    assert.equal(failures.length, 1);
  });

  it("kills, aloud, when evidence can not be written", () => {
    const forensicLog = openRecordLog("/dev/full");
    const { namespace, kills, failures } = newBench(
      { mode: "enforce", onViolation: "deny" },
      { forensicLog },
    );
    assert.equal(namespace.decide(open(namespace.root, "/new"), false).action, "deny");
    namespace.answered(false);
    assert.match(kills[0] ?? "", /ENOSPC/);
    assert.equal(failures.length, 1);
  });
});

describe("a free namespace whose agent gives no verdict", () => {
  it("goes on and counts a loss, so that nothing is learned from it unnoticed", () => {
    const broken: NamespaceAgent = {
      ...spread(newAgent()),
      assess: () => {
        throw new Error("agent is gone");
      },
    };
    const { namespace, kills } = newBench({ mode: "free", onViolation: "deny" }, { agent: broken });
    assert.equal(namespace.decide(open(namespace.root, "/a"), false).action, "allow");
    assert.deepEqual(kills, []);
    assert.equal(namespace.summary().lost, 1);
  });
});

/** The methods of an agent as an object of their own, so that one of them can fail. */
function spread(agent: InProcessTma): NamespaceAgent {
  return {
    root: agent.root,
    emptyDigest: agent.emptyDigest,
    wantsDigest: agent.wantsDigest.bind(agent),
    introduce: (record) => agent.introduce(record),
    dependsOnProcess: (event) => agent.dependsOnProcess(event),
    forked: (parent) => agent.forked(parent),
    execed: (before, coe, image) => agent.execed(before, coe, image),
    pointOf: (event) => agent.pointOf(event),
    repeated: (point, count) => agent.repeated(point, count),
    assess: (event) => agent.assess(event),
    seal: () => agent.seal(),
    state: () => agent.state(),
    measurement: () => agent.measurement(),
    close: () => agent.close(),
  };
}
