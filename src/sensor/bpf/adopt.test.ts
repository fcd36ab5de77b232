// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { noBpf, objectOf, privateBpffs } from "../../../test/helpers/bpf-programs.ts";
import { LineHelper, type Said } from "../../../test/helpers/line-helper.ts";
import { CASE } from "../../../test/helpers/telling-decoder.ts";
import { abandoned } from "./install.ts";
import { NamespaceFlag, RecordFlag } from "./layout.gen.ts";

const HELPERS = join(import.meta.dirname, "../../../test/helpers");
/** One namespace, whoever serves it. */
class Bench {
  readonly place: { readonly folder: string; readonly lock: string };
  readonly journal: string;
  readonly #t: TestContext;
  ready: Said = { what: "" };

  constructor(t: TestContext) {
    const folder = mkdtempSync(join(tmpdir(), "galgo-adopt-"));
    this.#t = t;
    this.place = { folder: join(privateBpffs(t), "galgo"), lock: join(folder, "lock") };
    this.journal = join(folder, "journal");
    t.after(() => {
      rmSync(folder, { recursive: true, force: true });
    });
  }

  async agent(...words: readonly string[]): Promise<LineHelper> {
    const { folder, lock } = this.place;
    const agent = new LineHelper(this.#t, "bpf-loop.ts", [
      objectOf("telling"),
      folder,
      lock,
      ...words,
    ]);
    this.ready = await agent.said("ready");
    return agent;
  }

  /** Goes on with the namespace. @returns what it says of the time between */
  async adopts(): Promise<{ readonly agent: LineHelper; readonly gap: Said }> {
    const [left] = abandoned(this.place);
    assert.ok(left !== undefined);
    const { slot, serial } = left;
    const words = ["0", "adopt", this.journal, String(slot), String(serial)];
    const { folder, lock } = this.place;
    const agent = new LineHelper(this.#t, "bpf-loop.ts", [
      objectOf("telling"),
      folder,
      lock,
      ...words,
    ]);
    // it may be told of the time between before it says that it is ready, or after
    const said = [await agent.said("ready", "resumed"), await agent.said("ready", "resumed")];
    const of = (what: string): Said => said.find((each) => each.what === what) ?? { what: "" };
    this.ready = of("ready");
    return { agent, gap: of("resumed") };
  }

  /** One that can not go on with the namespace. @returns why */
  async refused(slot: number | undefined, serial: number | undefined): Promise<string> {
    const { folder, lock } = this.place;
    const words = ["0", "adopt", this.journal, String(slot), String(serial)];
    const script = join(HELPERS, "bpf-loop.ts");
    const args = ["--import", "tsx", script, objectOf("telling"), folder, lock, ...words];
    const helper = spawn(process.execPath, args, { stdio: ["pipe", "ignore", "pipe"] });
    let said = "";
    helper.stderr.on("data", (data: Buffer) => (said += data.toString()));
    await once(helper, "close");
    return said;
  }

  task(): (key: readonly number[], flags?: number) => Promise<string> {
    const { folder, slot, anchor } = this.ready;
    const helper = new LineHelper(this.#t, "teller.ts", [folder, slot, anchor].map(String));
    return async (key, flags = RecordFlag.held) => {
      helper.send([0, flags, ...key].join(" "));
      return await helper.line();
    };
  }
}

async function kill9(agent: LineHelper): Promise<void> {
  agent.child.kill("SIGKILL");
  await once(agent.child, "exit");
}

/** The workload is gone. @returns how often each point was repeated, and the end */
async function endOf(agent: LineHelper): Promise<{ repeated: Map<unknown, unknown>; end: Said }> {
  agent.child.stdin?.end();
  const repeated = new Map<unknown, unknown>();
  for (;;) {
    const said = JSON.parse(await agent.line()) as Said;
    if (said.what === "repeated") repeated.set(said["point"], said["count"]);
    if (said.what === "end" || said.what === "failed") return { repeated, end: said };
  }
}

const KNOWN = [CASE.intern, 10, 20, 30];
const LATE = [CASE.intern, 11, 20, 30];

describe("a namespace whose agent was killed", { skip: noBpf ?? false }, () => {
  it("is gone on with: what was known is known, counted from the beginning, and no record is lost", async (t) => {
    const bench = new Bench(t);
    const first = await bench.agent("0", "keep", bench.journal);
    const before = bench.task();
    for (let time = 0; time < 4; time++) await before(KNOWN);
    await kill9(first);
    // the kernel goes on
    const between = bench.task();
    for (let time = 0; time < 3; time++) assert.equal(await between(KNOWN), "known");
    assert.notEqual(await between(LATE), "known", "nobody answers");
    const { agent, gap } = await bench.adopts();
    assert.deepEqual({ asked: gap["asked"], refused: gap["refused"] }, { asked: 1, refused: 0 });
    const later = bench.task();
    assert.equal(await later(LATE), "known", "learned from its record");
    for (let time = 0; time < 5; time++) assert.equal(await later(KNOWN), "known");
    const { repeated, end } = await endOf(agent);
    assert.deepEqual(
      [...repeated],
      [
        [KNOWN.join("."), 3 + 3 + 5],
        [LATE.join("."), 1],
      ],
    );
    assert.deepEqual({ held: end["held"], lost: end["lost"] }, { held: 2, lost: 0 });
    assert.deepEqual(abandoned(bench.place), []);
  });

  it("is left by its agent in order: the kernel goes on refusing, and another one goes on with it", async (t) => {
    const bench = new Bench(t);
    const first = await bench.agent(String(NamespaceFlag.enforcing), "keep", bench.journal);
    const served = bench.task();
    for (let time = 0; time < 4; time++) await served(KNOWN);
    first.child.stdin?.end("s");
    assert.equal((await first.said("left", "end")).what, "left");
    // whether or not the process is still there
    assert.equal(abandoned(bench.place).length, 1);
    const between = bench.task();
    for (let time = 0; time < 3; time++) assert.equal(await between(KNOWN), "known");
    assert.notEqual(await between(LATE), "known", "nobody answers");
    const { agent, gap } = await bench.adopts();
    assert.equal(gap["asked"], 1);
    assert.equal(await bench.task()(KNOWN), "known");
    const { repeated } = await endOf(agent);
    assert.equal(repeated.get(KNOWN.join(".")), 3 + 3 + 1);
    assert.deepEqual(abandoned(bench.place), []);
  });

  it("is gone on with again and again", async (t) => {
    const bench = new Bench(t);
    let agent = await bench.agent("0", "keep", bench.journal);
    for (let time = 0; time < 2; time++) {
      const task = bench.task();
      await task([CASE.intern, time, 1, 1]);
      assert.equal(await task([CASE.intern, time, 1, 1]), "known");
      await kill9(agent);
      ({ agent } = await bench.adopts());
    }
    const { repeated } = await endOf(agent);
    assert.deepEqual(
      [...repeated.values()],
      [1, 1],
      "each was met once more by the kernel than by an agent",
    );
  });

  it("stays as it is where the journal says less than the kernel knows, and can be tried again", async (t) => {
    const bench = new Bench(t);
    const first = await bench.agent(String(NamespaceFlag.enforcing), "keep", bench.journal);
    await bench.task()(KNOWN);
    await kill9(first);
    const file = join(bench.journal, "journal.jsonl");
    const whole = readFileSync(file, "utf8");
    writeFileSync(file, "");
    const [left] = abandoned(bench.place);
    const { slot, serial } = left ?? {};
    assert.match(await bench.refused(slot, serial), /not in the journal/);
    const [still] = abandoned(bench.place);
    assert.equal(still?.serial, serial);
    assert.equal((still?.flags ?? 0) & NamespaceFlag.enforcing, NamespaceFlag.enforcing);
    writeFileSync(file, whole);
    const { agent } = await bench.adopts();
    assert.equal(await bench.task()(KNOWN), "known");
    await endOf(agent);
  });

  it("goes to one of those who want it", async (t) => {
    const bench = new Bench(t);
    await kill9(await bench.agent("0", "keep", bench.journal));
    const [left] = abandoned(bench.place);
    const { agent } = await bench.adopts();
    const why = await bench.refused(left?.slot, left?.serial);
    assert.match(why, /another process serves it/);
    await endOf(agent);
  });
});
