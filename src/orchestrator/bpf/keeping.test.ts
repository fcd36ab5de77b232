// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { aFile, anEvent, ROOT, TASK } from "../../../test/helpers/events.ts";
import { BUILTIN_PROFILES } from "../../model/runtime/index.ts";
import { createTma, type NamespaceTma, type TmaSpec } from "../../tma/index.ts";
import { openKeeping, RunKeeping } from "./keeping.ts";

const SPEC: TmaSpec = {
  mapping: "tsem-v4",
  digest: "sha256",
  profile: BUILTIN_PROFILES.portable,
  points: ["ab".repeat(32)],
  pseudonyms: [],
  sealed: false,
};
const KEY = Uint32Array.of(1, 0xffff_ffff, 0, 0x8000_0000);
const ACTOR = { identity: 4, coe: ROOT, rootMount: 2n ** 63n, rootInode: 2n };

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "galgo-keeping-"));
  t.after(() => {
    rmSync(made, { recursive: true, force: true });
  });
  return join(made, "adoption");
}

function begun(path: string, spec: TmaSpec = SPEC): [RunKeeping, NamespaceTma] {
  const keeping = new RunKeeping(path, "begin");
  return [keeping, createTma(spec, keeping)];
}

/** As another process finds it. Nothing is closed: whoever wrote it was killed. */
function resumed(path: string, spec: TmaSpec = SPEC): [RunKeeping, NamespaceTma] {
  const keeping = new RunKeeping(path, "resume");
  const tma = createTma(spec, keeping);
  keeping.restoreModel(tma);
  keeping.restored();
  return [keeping, tma];
}

const opened = (path: string) => anEvent("file_open", { file: aFile(path) });

function assertSame(a: NamespaceTma, b: NamespaceTma): void {
  assert.deepEqual(a.points(), b.points());
  assert.equal(a.state(), b.state());
  assert.equal(a.measurement(), b.measurement());
}

describe("what is kept of a run", () => {
  it("makes the same model again, with every count, and again after that", (t) => {
    const path = folder(t);
    const [keeping, tma] = begun(path);
    for (const name of ["/a", "/b", "/a", "/c", "/a"]) tma.assess(opened(name));
    tma.observe("ab".repeat(32));
    keeping.commit();
    const [again, model] = resumed(path);
    assertSame(model, tma);
    model.assess(opened("/d"));
    again.commit();
    assertSame(resumed(path)[1], model);
  });

  it("knows at which point the model was closed", (t) => {
    const path = folder(t);
    const [keeping, tma] = begun(path);
    tma.assess(opened("/a"));
    tma.seal();
    keeping.sealed();
    tma.assess(opened("/b"));
    keeping.commit();
    const [again, model] = resumed(path);
    assertSame(model, tma);
    assert.deepEqual(
      model.points().map(({ valid }) => valid),
      [true, true, false],
    );
    assert.equal(again.namespace?.sealed, true);
  });

  it("gives back what it was told, and leaves out a line that was not finished", (t) => {
    const path = folder(t);
    const [keeping] = begun(path);
    const program = anEvent("bprm_committed_creds", { file: aFile("/bin/sh") }, { task: TASK });
    const seen = {
      actor: ACTOR,
      pathname: "/srv",
      dentry: { path: { pathname: "/srv", instance: 7n, owner: "00" } },
      words: Uint8Array.of(1, 2, 255),
    };
    const changes = [
      { counter: "x|/tmp", count: 3 },
      { root: "1:2", pathname: "/tmp/a", temporary: true },
    ];
    keeping.identity(TASK);
    keeping.program(program);
    keeping.key({ key: KEY, next: 6, point: undefined });
    keeping.carried(BigUint64Array.of(2n ** 60n));
    for (const change of changes) keeping.created(change);
    keeping.actor(ACTOR);
    keeping.object(seen);
    keeping.grown(12);
    for (const _ of [1, 2, 3]) keeping.lost("reason", "example");
    keeping.counts({ events: 10, violations: 2, refused: 1 });
    keeping.progress({ records: 9n, held: 8n, refused: 7n, lost: 6n });
    keeping.commit();
    appendFileSync(join(path, "journal.jsonl"), '["identity","ab');
    const again = new RunKeeping(path, "resume");
    assert.deepEqual(again.agent?.identities, [TASK]);
    assert.deepEqual(again.agent?.keys, [{ key: KEY, next: 6, point: undefined }]);
    assert.deepEqual(again.agent?.carried, BigUint64Array.of(2n ** 60n));
    assert.deepEqual(again.agent?.created, changes);
    assert.deepEqual(again.agent?.actors, [ACTOR]);
    assert.deepEqual(again.agent?.objects, [seen]);
    const { records, held, refused, lost } = again.agent ?? {};
    assert.deepEqual([records, held, refused, lost], [9n, 8n, 7n, 6n]);
    const { programs, ...namespace } = again.namespace ?? { programs: [] };
    assert.deepEqual(
      programs.map(({ task, cell }) => [task, cell.file.path.pathname]),
      [[TASK, "/bin/sh"]],
    );
    assert.deepEqual(namespace, {
      ...{ events: 10, violations: 2, refused: 1, sealed: false, growth: [12] },
      losses: [{ reason: "reason", example: "example", count: 3 }],
    });
  });

  it("goes on with whole lines after one that was not finished", (t) => {
    const path = folder(t);
    const [keeping, tma] = begun(path);
    tma.assess(opened("/a"));
    keeping.commit();
    appendFileSync(join(path, "journal.jsonl"), '["point","00');
    const [again, model] = resumed(path);
    model.assess(opened("/b"));
    again.commit();
    assertSame(resumed(path)[1], model);
  });

  it("leaves out a record that was not finished either", (t) => {
    const path = folder(t);
    const directory = join(path, "..");
    const trajectory = join(directory, "trajectory.jsonl");
    begun(path);
    for (const [before, after] of [
      ["{}\n{}\n{", "{}\n{}\n"],
      ["{}\n", "{}\n"],
      ["{", ""],
    ]) {
      writeFileSync(trajectory, before ?? "");
      openKeeping({ directory, folder: path, adopt: { slot: 1, serial: 1 } }, assert.fail);
      assert.equal(readFileSync(trajectory, "utf8"), after);
    }
  });

  it("keeps what is told before all that was read has been told again", (t) => {
    const path = folder(t);
    new RunKeeping(path, "begin");
    // killed before anything was written: whoever goes on gives the first number
    const second = new RunKeeping(path, "resume");
    second.actor(ACTOR);
    second.identity(TASK);
    second.restored();
    second.commit();
    const third = new RunKeeping(path, "resume");
    assert.deepEqual(third.agent?.identities, [TASK]);
    assert.deepEqual(third.agent?.actors, []);
  });

  it("knows whether all had been attached to", (t) => {
    const path = folder(t);
    const [keeping] = begun(path);
    keeping.identity(TASK);
    keeping.commit();
    const [second] = resumed(path);
    assert.equal(second.wasAttached, false);
    second.attached();
    assert.equal(resumed(path)[0].wasAttached, true);
  });

  it("is given up aloud, as a whole, when it can not be written", (t) => {
    const path = folder(t);
    const journal = join(path, "journal.jsonl");
    mkdirSync(path, { recursive: true });
    symlinkSync("/dev/full", journal);
    const said: string[] = [];
    const keeping = new RunKeeping(path, "begin", (text) => said.push(text));
    for (const identity of [TASK, TASK]) {
      keeping.identity(identity);
      keeping.commit();
    }
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /ENOSPC.*nobody can go on with the run/);
    assert.equal(lstatSync(journal, { throwIfNoEntry: false }), undefined);
  });

  it("has its numbers on the disk, so that a full one kills nobody", (t) => {
    const path = folder(t);
    const [, tma] = begun(path);
    tma.assess(opened("/a"));
    const { size, blocks } = statSync(join(path, "counts"));
    assert.ok(size > 65_536 && blocks * 512 >= size, `${blocks} blocks for ${size} bytes`);
  });

  it("writes nothing before it is committed but numbers, and nothing is left of a run that is over", (t) => {
    const path = folder(t);
    const [keeping] = begun(path);
    keeping.identity(TASK);
    const file = join(path, "journal.jsonl");
    assert.equal(readFileSync(file, "utf8"), "");
    keeping.commit();
    assert.notEqual(readFileSync(file, "utf8"), "");
    keeping.close("over");
    assert.equal(existsSync(path), false);
  });
});
