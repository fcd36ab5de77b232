// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { noBpf, objectOf, privateBpffs } from "../../../test/helpers/bpf-programs.ts";
import { LineHelper, type Said } from "../../../test/helpers/line-helper.ts";
import { CASE, INSTANCE, NEXT, NEXT_AFTER_LOSS } from "../../../test/helpers/telling-decoder.ts";
import { AnswerFlag, KERNEL_HOOKS, NamespaceFlag, RecordFlag } from "./layout.gen.ts";

const { allow: ALLOW, untrusted: DISCIPLINE } = AnswerFlag;
const EXEC = KERNEL_HOOKS.indexOf("bprm_committed_creds");
const KILL = KERNEL_HOOKS.indexOf("task_kill");

/** An agent, and tasks of its namespace. */
class Bench {
  readonly agent: LineHelper;
  readonly folder: string;
  readonly #t: TestContext;
  #where: readonly string[] = [];

  /** @param words "quiet": decisions are not told */
  constructor(t: TestContext, flags = 0, words = "") {
    const folder = mkdtempSync(join(tmpdir(), "galgo-serve-"));
    this.folder = join(privateBpffs(t), "galgo");
    this.#t = t;
    const object = objectOf("telling");
    const args = [object, this.folder, join(folder, "lock"), String(flags), words];
    this.agent = new LineHelper(t, "bpf-loop.ts", args);
    t.after(() => {
      rmSync(folder, { recursive: true, force: true });
    });
  }

  async said(): Promise<Said> {
    return JSON.parse(await this.agent.line()) as Said;
  }

  async ready(): Promise<this> {
    const { what, folder, slot, anchor } = await this.said();
    assert.equal(what, "ready");
    this.#where = [folder, slot, anchor].map(String);
    return this;
  }

  get anchor(): number {
    return Number(this.#where[2]);
  }

  task(): Task {
    return new Task(new LineHelper(this.#t, "teller.ts", this.#where));
  }

  /** The workload is gone. @returns what the agent says until its end */
  async end(): Promise<{ repeated: Record<string, number>; end: Said }> {
    this.agent.child.stdin?.end();
    const repeated: Record<string, number> = {};
    for (;;) {
      const said = await this.said();
      if (said.what === "repeated") repeated[String(said["point"])] = Number(said["count"]);
      else return { repeated, end: said };
    }
  }
}

class Task {
  readonly helper: LineHelper;

  constructor(helper: LineHelper) {
    this.helper = helper;
  }

  get pid(): number {
    return this.helper.child.pid ?? -1;
  }

  async does(key: readonly number[], flags: number = RecordFlag.held, hook = 0): Promise<string> {
    this.begins(key, flags, hook);
    return await this.helper.line();
  }

  begins(key: readonly number[], flags: number = RecordFlag.held, hook = 0): void {
    this.helper.send([hook, flags, ...key].join(" "));
  }
}

/** An answer as the kernel gets it. */
function answer(flags: number, next = 0, instance = 0): string {
  return Buffer.from(Uint32Array.of(flags, next, instance, 0).buffer).toString("hex");
}

const key = (kind: number, number = 1): number[] => [
  kind,
  Math.imul(number, 0x9e3779b9) >>> 0, // spread, as a hash spreads them: these halves choose the buckets
  5,
  Math.imul(number, 0x85ebca6b) >>> 0,
];
const text = (words: readonly number[]): string => words.join(".");

describe("the loop of the BPF sensor", { skip: noBpf ?? false }, () => {
  it("decides once, and hears at the end how often it came again", async (t) => {
    const bench = await new Bench(t).ready();
    const task = bench.task();
    const often = key(CASE.intern);
    assert.equal(await task.does(often), answer(ALLOW, 0, INSTANCE));
    assert.deepEqual(await bench.said(), { what: "decide", key: text(often), untrusted: false });
    for (let time = 0; time < 5; time++) assert.equal(await task.does(often), "known");
    const { repeated, end } = await bench.end();
    assert.deepEqual(repeated, { [text(often)]: 5 });
    assert.equal(end.what, "end");
    assert.deepEqual([end["seen"], end["held"], end["lost"]], [6, 1, 0]);
    await bench.agent.line();
    assert.deepEqual(readdirSync(bench.folder), []);
  });

  it("is asked each time about what must not be interned, or is refused", async (t) => {
    const bench = await new Bench(t).ready();
    const task = bench.task();
    for (let time = 0; time < 2; time++) {
      assert.equal(await task.does(key(CASE.never)), answer(ALLOW, 0, INSTANCE));
      assert.equal(await task.does(key(CASE.deny)), answer(0, 0, INSTANCE));
      assert.equal(await task.does(key(CASE.discipline)), answer(DISCIPLINE, 0, INSTANCE));
      for (let each = 0; each < 3; each++) assert.equal((await bench.said()).what, "decide");
    }
    const { repeated, end } = await bench.end();
    assert.deepEqual(repeated, {});
    assert.equal(end["held"], 6);
  });

  it("knows what follows an exec, which is no behaviour", async (t) => {
    const bench = await new Bench(t).ready();
    const task = bench.task();
    const exec = key(CASE.intern);
    const does = (flags: number): Promise<string> => task.does(exec, flags, EXEC);
    assert.equal(await does(RecordFlag.held), answer(ALLOW, NEXT));
    assert.equal(await does(RecordFlag.held), "known");
    const { repeated, end } = await bench.end();
    assert.deepEqual(repeated, {});
    assert.equal(end["seen"], 2);
  });

  it("refuses the exec of an untrusted process when it enforces", async (t) => {
    const bench = await new Bench(t, NamespaceFlag.enforcing).ready();
    const task = bench.task();
    const untrusted = RecordFlag.held | RecordFlag.untrusted;
    const hook = EXEC;
    assert.equal(await task.does(key(CASE.intern), untrusted, hook), answer(0, NEXT));
    assert.equal(await task.does(key(CASE.intern), RecordFlag.held, hook), answer(ALLOW, NEXT));
    await task.does(key(CASE.intern, 2), untrusted);
    assert.equal((await bench.said())["untrusted"], true);
  });

  it("takes what nobody waits for, without being asked", async (t) => {
    const bench = await new Bench(t).ready();
    const task = bench.task();
    const signal = key(CASE.intern);
    assert.equal(await task.does(signal, RecordFlag.atomic | RecordFlag.refused, KILL), "told");
    const happened = { what: "happened", key: text(signal), refused: true, untrusted: false };
    assert.deepEqual(await bench.said(), happened);
    // the sink was told before the key is added; the end waits for all of it
    const { end } = await bench.end();
    assert.deepEqual([end["seen"], end["held"]], [1, 0]);
  });

  it("makes behaviours known that did not happen yet", async (t) => {
    const bench = await new Bench(t).ready();
    const task = bench.task();
    const primes = key(CASE.primes);
    await task.does(primes);
    assert.equal(await task.does(primes.map((half) => half + 1000)), "known");
    await bench.said();
    assert.deepEqual((await bench.end()).repeated, { primed: 1 });
  });

  it("counts what can not be described as lost, and refuses it when it enforces", async (t) => {
    for (const flags of [0, NamespaceFlag.enforcing]) {
      const bench = await new Bench(t, flags).ready();
      const task = bench.task();
      const expected = flags === 0 ? answer(ALLOW, NEXT_AFTER_LOSS) : answer(0);
      assert.equal(await task.does(key(CASE.unseen)), expected);
      const reason = { what: "lost", reason: "unreadable", detail: "as the key wants it" };
      assert.deepEqual(await bench.said(), reason);
      assert.equal(await task.does(key(CASE.slip)), expected);
      assert.equal((await bench.said())["reason"], "internal-error");
      assert.equal((await bench.end()).end["lost"], 2);
    }
  });

  it("answers each of many tasks that ask at once", async (t) => {
    const bench = await new Bench(t, 0, "quiet").ready();
    const tasks = Array.from({ length: 6 }, () => bench.task());
    const rounds = 400;
    // a record is not finished while others behind it are
    const spins = [0, 20_000, 60_000];
    await Promise.all(
      tasks.map(async (task, number) => {
        for (let round = 0; round < rounds; round++) {
          const kind = round % 2 === 0 ? CASE.intern : CASE.deny;
          const own = key(kind, 1 + number * rounds + round);
          const expected = answer(kind === CASE.intern ? ALLOW : 0, 0, INSTANCE);
          assert.equal(await task.does([...own, spins[round % spins.length] ?? 0]), expected);
        }
      }),
    );
    assert.equal((await bench.end()).end["held"], tasks.length * rounds);
  });

  it("says nothing to those who ask without a record, and outlives tasks that do not ask", async (t) => {
    const bench = await new Bench(t).ready();
    const task = bench.task();
    assert.equal(await task.does(key(CASE.intern), RecordFlag.atomic), "told");
    await bench.said();
    const killed = bench.task();
    killed.begins(key(CASE.intern, 2));
    killed.helper.child.kill("SIGKILL");
    assert.equal(await task.does(key(CASE.intern, 3)), answer(ALLOW, 0, INSTANCE));
  });

  it("fails when its anchor is killed", async (t) => {
    const bench = await new Bench(t).ready();
    const stray = new LineHelper(t, "attribute-reader.ts", []);
    const anchor = bench.anchor;
    stray.send(`/proc/${anchor}/exe user.galgo 16`);
    assert.equal(await stray.line(), answer(0));
    process.kill(anchor, "SIGKILL");
    const failed = await bench.said();
    assert.equal(failed.what, "failed");
    assert.match(String(failed["message"]), /its anchor was killed/);
  });
});
