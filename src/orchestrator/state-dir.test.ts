// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { MAX_RUNS_KEPT } from "./limits.ts";
import {
  checkName,
  createRun,
  listNames,
  listRuns,
  nameOfCommand,
  newRunId,
  openRun,
  stateRoot,
  writeAtomic,
} from "./state-dir.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-state-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("stateRoot", () => {
  const cases: [string, Record<string, string>, number, RegExp][] = [
    ["GALGO_STATE_DIR wins", { GALGO_STATE_DIR: "/x/y", XDG_STATE_HOME: "/z" }, 0, /^\/x\/y$/],
    ["an empty GALGO_STATE_DIR is as none", { GALGO_STATE_DIR: "" }, 0, /^\/var\/lib\/galgo$/],
    ["root has /var/lib", { XDG_STATE_HOME: "/z" }, 0, /^\/var\/lib\/galgo$/],
    ["users have XDG_STATE_HOME", { XDG_STATE_HOME: "/z" }, 1000, /^\/z\/galgo$/],
    [
      "a relative XDG_STATE_HOME is ignored",
      { XDG_STATE_HOME: "z" },
      1000,
      /\.local\/state\/galgo$/,
    ],
  ];
  for (const [title, env, uid, expected] of cases) {
    it(title, () => assert.match(stateRoot(env, uid), expected));
  }
});

describe("names", () => {
  for (const name of ["a", "web-1.2_x", "x".repeat(64)]) {
    it(`accepts ${name.slice(0, 12)}`, () => assert.equal(checkName(name), name));
  }
  for (const name of ["", ".", "..", "a/b", "a b", "ü", "x".repeat(65), "a\n"]) {
    it(`refuses ${JSON.stringify(name.slice(0, 12))}`, () => {
      assert.throws(() => checkName(name), { code: "BAD_NAME" });
    });
  }
  it("come from the last part of a command, made acceptable", () => {
    assert.equal(nameOfCommand("/usr/bin/python3"), "python3");
    assert.equal(nameOfCommand("./my prog!"), "my_prog_");
    assert.equal(nameOfCommand("dir/"), "workload");
    assert.equal(nameOfCommand(".."), "workload");
    assert.equal(checkName(nameOfCommand("y".repeat(300))).length, 64);
  });
});

describe("runs", () => {
  it("have ids that sort by time", () => {
    const ids = [3, 1, 2].map((second) => newRunId(new Date(Date.UTC(2026, 0, 1, 0, 0, second))));
    assert.deepEqual([...ids].sort(), [ids[1], ids[2], ids[0]]);
  });

  it("are made, found as the latest, and readable by the owner only", () => {
    const root = join(folder, "made");
    const first = createRun(root, "app", new Date(1_000));
    const second = createRun(root, "app", new Date(2_000));
    assert.equal(openRun(root, "app").runId, second.runId);
    assert.equal(openRun(root, "app", first.runId).path, first.path);
    assert.equal(readlinkSync(join(root, "app", "latest")), second.runId);
    assert.equal(statSync(second.path).mode & 0o777, 0o700);
    assert.deepEqual(listRuns(root, "app"), [first.runId, second.runId]);
    assert.deepEqual(listNames(root), ["app"]);
  });

  it("are found without the link", () => {
    const root = join(folder, "linkless");
    const run = createRun(root, "app", new Date(1_000));
    rmSync(join(root, "app", "latest"));
    assert.equal(openRun(root, "app").runId, run.runId);
  });

  it("are not found outside the state directory", () => {
    const root = join(folder, "inside");
    createRun(root, "app", new Date(1_000));
    assert.throws(() => openRun(root, "app", "../../etc"), { code: "NO_SUCH_RUN" });
    assert.throws(() => openRun(root, "other"), { code: "NO_SUCH_RUN" });
  });

  it("keep the newest only, but never remove one that goes on", () => {
    const root = join(folder, "pruned");
    const first = createRun(root, "app", new Date(0));
    writeFileSync(first.run, JSON.stringify({ status: "running", galgoPid: process.pid }));
    const second = createRun(root, "app", new Date(1_000));
    for (let n = 2; n < MAX_RUNS_KEPT + 2; n += 1) createRun(root, "app", new Date(n * 1_000));
    const kept = listRuns(root, "app");
    assert.equal(kept.length, MAX_RUNS_KEPT + 1);
    assert.ok(kept.includes(first.runId));
    assert.ok(!kept.includes(second.runId));
  });

  it("say which folder can not be written", () => {
    const blocked = join(folder, "blocked");
    writeFileSync(blocked, "a file");
    assert.throws(() => createRun(blocked, "app", new Date(0)), {
      code: "NOT_WRITABLE",
      message: /blocked.*GALGO_STATE_DIR/,
    });
  });
});

describe("a state directory below /proc", () => {
  it("is refused instead of tried for ever", () => {
    assert.throws(() => createRun("/proc/galgo-test", "app", new Date(0)), {
      code: "NOT_WRITABLE",
    });
  });
});

describe("writeAtomic", () => {
  it("replaces a file and leaves nothing else behind", () => {
    const place = join(folder, "atomic");
    mkdirSync(place);
    writeAtomic(join(place, "f"), "old");
    writeAtomic(join(place, "f"), "new");
    assert.equal(readFileSync(join(place, "f"), "utf8"), "new");
    assert.deepEqual(readdirSync(place), ["f"]);
  });

  it("replaces what a symbolic link leads to, and no device", () => {
    const place = join(folder, "linked");
    mkdirSync(place);
    writeFileSync(join(place, "f"), "old");
    symlinkSync("f", join(place, "link"));
    writeAtomic(join(place, "link"), "new");
    assert.equal(readFileSync(join(place, "f"), "utf8"), "new");
    symlinkSync("/dev/null", join(place, "device"));
    assert.throws(() => writeAtomic(join(place, "device"), "x"), { code: "not an ordinary file" });
    assert.deepEqual(readdirSync(place).sort(), ["device", "f", "link"]);
  });

  it("leaves nothing behind when it fails", () => {
    const place = join(folder, "failing");
    mkdirSync(join(place, "f"), { recursive: true });
    assert.throws(() => writeAtomic(join(place, "f"), "x"));
    assert.deepEqual(readdirSync(place), ["f"]);
    assert.ok(!existsSync(join(place, "f", "x")));
  });
});
