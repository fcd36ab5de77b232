// SPDX-License-Identifier: Apache-2.0
// What a namespace decides in each mode.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NamespaceTma } from "../../tma/index.ts";
import {
  COE,
  file,
  open,
  newAgent,
  newBench,
  recordsOf,
} from "../../../test/helpers/namespace-bench.ts";
import type { NamespaceAgent } from "./namespace-types.ts";
import { openRecordLog } from "../records/record-log.ts";

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
function spread(agent: NamespaceTma): NamespaceAgent {
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
