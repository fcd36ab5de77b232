// SPDX-License-Identifier: Apache-2.0
// Command lookup, fidelity, targets, signals, BTF.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { aModel } from "../../test/helpers/models.ts";
import { stringifyWorkloadModel } from "../model/index.ts";
import { seccompFidelity } from "../sensor/seccomp/index.ts";
import { findCommand } from "./command-lookup.ts";
import { differences, leftAlone, weaknesses } from "./fidelity.ts";
import { bpfFidelity, findBtfFunction } from "../sensor/bpf/index.ts";
import { takeSignals } from "./signals.ts";
import { createRun } from "./state-dir.ts";
import { findTarget } from "./target.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-parts-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("findCommand", () => {
  const [first, second] = [join(folder, "first"), join(folder, "second")];
  mkdirSync(join(first, "folder-named-tool"), { recursive: true });
  mkdirSync(second);
  writeFileSync(join(first, "plain"), "", { mode: 0o644 });
  writeFileSync(join(second, "plain"), "", { mode: 0o755 });
  writeFileSync(join(second, "tool"), "", { mode: 0o755 });

  it("takes the first executable file along PATH", () => {
    assert.equal(findCommand("plain", `${first}:${second}`), join(second, "plain"));
    assert.equal(findCommand("tool", `${first}:${second}`), join(second, "tool"));
  });

  it("takes a path as it is", () => {
    assert.equal(findCommand(join(second, "tool"), ""), join(second, "tool"));
  });

  it("uses the C library's default without a PATH", () => {
    assert.match(findCommand("sh", undefined), /^\/(?:usr\/)?bin\/sh$/);
  });

  const refusals: [string, string, string][] = [
    ["nothing", "", "NOT_FOUND"],
    ["absent", first, "NOT_FOUND"],
    ["plain", first, "NOT_EXECUTABLE"],
    ["folder-named-tool", first, "NOT_EXECUTABLE"],
    [join(folder, "absent"), "", "NOT_FOUND"],
    [first, "", "NOT_EXECUTABLE"],
    ["", first, "NOT_FOUND"],
  ];
  for (const [command, path, code] of refusals) {
    it(`refuses ${JSON.stringify(command.replace(folder, ""))} along ${JSON.stringify(path.replace(folder, ""))}: ${code}`, () => {
      assert.throws(() => findCommand(command, path), { code });
    });
  }
});

describe("weaknesses", () => {
  const here = seccompFidelity([]);

  it("finds none where the same is seen", () => {
    assert.deepEqual(weaknesses(here, here, true), []);
    assert.deepEqual(
      weaknesses({ ...here, sees: ["file_open"], holds: ["file_open"] }, here, true),
      [],
    );
  });

  it("names what is not seen, not held, not known", () => {
    const model = { ...here, sees: [...here.sees, "bprm_committed_creds" as const], absent: [] };
    const [unseen, absent] = weaknesses(
      { ...model, holds: [...here.holds, "bprm_committed_creds"] },
      here,
      true,
    );
    assert.equal(unseen, "not seen here: bprm_committed_creds");
    assert.match(absent ?? "", /^not known of an event here: /);
    const holds = here.holds.filter((hook) => hook !== "file_open");
    const [unheld] = weaknesses(here, { ...here, holds }, true);
    assert.equal(unheld, "seen here but not held: file_open");
  });
});

describe("a model of another sensor under programs in the kernel", () => {
  const seen = seccompFidelity([]).sees.filter((hook) => hook !== "syscall");
  const model = { ...seccompFidelity([]), sees: seen, holds: seen };
  const waits = (hook: string): boolean => hook !== "task_kill";
  const all = [...seen, "inode_getattr" as const].map((hook) => ({ hook, waits: waits(hook) }));
  const here = bpfFidelity(all, []);

  it("may be enforced where all that it sees is seen, and held or decided where it happens", () => {
    assert.deepEqual(weaknesses(model, here, true), []);
    assert.deepEqual(leftAlone(model, here), ["inode_getattr"]);
    assert.match(differences(model, here).join(), /not looked at: inode_getattr/);
  });

  it("is weaker where nothing is refused, because not all of it waits", () => {
    assert.deepEqual(weaknesses(model, here, false), [
      "the model was learned with the sensor seccomp, this run has bpf",
      "seen here but not held: task_kill",
    ]);
  });

  it("is weaker where something is not seen, and says that it is another sensor's", () => {
    const full = seccompFidelity([]);
    assert.deepEqual(weaknesses(full, here, true), [
      "the model was learned with the sensor seccomp, this run has bpf",
      "not seen here: syscall",
    ]);
    assert.equal(weaknesses(here, full, true).length, 3);
  });
});

describe("findTarget", () => {
  const root = join(folder, "state");
  const run = createRun(root, "app", new Date(0));
  writeFileSync(run.run, JSON.stringify({ kind: "Run" }));
  const model = join(folder, "m.json");
  writeFileSync(model, stringifyWorkloadModel(aModel()));
  const records = join(folder, "r.jsonl");
  writeFileSync(records, "{}\n");

  it("takes a name for its latest run, and a path for what is in it", () => {
    const found = findTarget("app", root);
    assert.equal(found.kind === "run" && found.run.runId, run.runId);
    assert.equal(findTarget(model, root).kind, "model");
    assert.equal(findTarget(records, root).kind, "records");
    for (const path of [run.path, run.run]) {
      const target = findTarget(path, root);
      assert.deepEqual(target.kind === "run" && target.run, run);
    }
  });

  it("says what is missing", () => {
    assert.throws(() => findTarget("nobody", root), { code: "NO_SUCH_RUN" });
    assert.throws(() => findTarget("./nobody", root), { code: "NO_FILE" });
    symlinkSync("loop", join(folder, "loop"));
    assert.throws(() => findTarget(join(folder, "loop"), root), { code: "NO_FILE" });
  });
});

describe("takeSignals", () => {
  function receiver(ended = false, passesAll = false) {
    const told: string[] = [];
    const release = takeSignals({
      passesAll,
      forward: (signal) => told.push(`forward ${signal}`),
      kill: (reason) => told.push(`kill: ${reason}`),
      asked: (signal) => told.push(`asked by ${signal}`),
      firstHasEnded: () => ended,
      ignores: (signal) => signal === "SIGHUP" && !passesAll,
    });
    return { told, release };
  }

  it("passes on, and ends the workload at the second SIGTERM but not at the second SIGINT", () => {
    const { told, release } = receiver();
    for (const signal of ["SIGINT", "SIGHUP", "SIGINT", "SIGTERM", "SIGUSR1", "SIGTERM"] as const)
      process.emit(signal, signal);
    release();
    assert.deepEqual(told, [
      "forward SIGINT",
      "forward SIGINT",
      "asked by SIGTERM",
      "forward SIGTERM",
      "forward SIGUSR1",
      "kill: SIGTERM for the second time",
    ]);
  });

  it("passes everything on for a service manager, however often it comes", () => {
    const { told, release } = receiver(false, true);
    for (const signal of ["SIGHUP", "SIGHUP", "SIGTERM", "SIGTERM"] as const)
      process.emit(signal, signal);
    release();
    assert.deepEqual(told, [
      "forward SIGHUP",
      "forward SIGHUP",
      "asked by SIGTERM",
      "forward SIGTERM",
      "asked by SIGTERM",
      "forward SIGTERM",
    ]);
  });

  it("ends what is left once the command has ended", () => {
    const { told, release } = receiver(true);
    process.emit("SIGINT", "SIGINT");
    release();
    assert.deepEqual(told, ["kill: SIGINT after the command had ended"]);
  });
});

describe("findBtfFunction", () => {
  /** BTF with an INT of 4 bytes after its entry, a PTR, and two FUNCs. */
  function btf(): Buffer {
    const strings = Buffer.from("\0int\0wrong\0wanted\0");
    const type = (name: number, kind: number, extra = 0): Buffer => {
      const bytes = Buffer.alloc(12 + extra);
      bytes.writeUInt32LE(name, 0);
      bytes.writeUInt32LE(kind << 24, 4);
      return bytes;
    };
    const types = Buffer.concat([type(1, 1, 4), type(0, 2), type(5, 12), type(11, 12)]);
    const header = Buffer.alloc(24);
    header.writeUInt16LE(0xeb9f, 0);
    header.writeUInt32LE(24, 4);
    header.writeUInt32LE(0, 8);
    header.writeUInt32LE(types.length, 12);
    header.writeUInt32LE(types.length, 16);
    header.writeUInt32LE(strings.length, 20);
    return Buffer.concat([header, types, strings]);
  }

  it("finds the id of a function by its name", () => {
    assert.equal(findBtfFunction(btf(), "wrong"), 3);
    assert.equal(findBtfFunction(btf(), "wanted"), 4);
  });

  it("finds nothing in anything else", () => {
    assert.equal(findBtfFunction(btf(), "int"), undefined);
    assert.equal(findBtfFunction(btf(), "absent"), undefined);
    assert.equal(findBtfFunction(Buffer.from("no BTF at all, only text"), "x"), undefined);
    assert.equal(findBtfFunction(Buffer.alloc(3), "x"), undefined);
    assert.equal(findBtfFunction(btf().subarray(0, 40), "wanted"), undefined);
  });
});
