// SPDX-License-Identifier: Apache-2.0
// Whole sessions with the compiled model of the Quixote agent, record by record: read, pseudonyms, mapping, model, lists, model text.
// Differences from it are deliberate and stand here by name.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  RecordError,
  type SecurityEvent,
  readTsemRecord,
  type TsemRecord,
  writeTsemRecord,
} from "../../src/event/index.ts";
import {
  applyPseudonyms,
  createMapper,
  createModel,
  type Model,
  ModelError,
  modelOfText,
  readTextModel,
} from "../../src/model/index.ts";
import { checkSignature } from "../../src/orchestrator/models/model-signature.ts";
import { SHA256 } from "../helpers/test-hasher.ts";
import { anyVectors, linesOf } from "../helpers/vectors.ts";

interface Outcome {
  readonly ok?: boolean;
  readonly stage?: "parse" | "update";
  readonly load?: boolean;
  readonly coefficient?: string;
  readonly added?: boolean;
  readonly discipline?: boolean;
  readonly sealed?: boolean;
  readonly pid?: number;
  readonly tnum?: string;
  readonly state?: string;
  readonly measurement?: string;
  readonly points?: unknown;
  /** In `!sizes` only how many. */
  readonly trajectory?: readonly string[] | number;
  readonly forensics?: readonly string[] | number;
}

interface Step {
  readonly in: string;
  readonly out: Outcome;
}

/** Model texts that Quixote loads, or goes on with, and that are refused here, and at which line. No event gets past either. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  "model-comment-after-end-blocks-updates": /line 10: follows `end`/,
  "model-no-end-blocks-updates": /line 3: end of file without `end`/,
  "model-missing-argument": /line 1: has nothing after state/,
  "model-state-after-seal-rejected": /line 3: has a state after `seal`/,
  "signed-model-reordered": /line 11: is no good signature/,
  "signed-model-tampered-state": /line 11: is no good signature/,
};

/** A record that poisons Quixote's model is refused when it is read here, and later ones are modeled as if it had not been there. */
const POISONING: Readonly<Record<string, RegExp>> = {
  "bad-task-id-poisons-model-nonhex": /task_id/,
  "bad-task-id-poisons-model-odd": /task_id/,
  "instance-path-without-slash-poisons-model": /names no directory/,
};

/** A later aggregate makes that agent forget points in its measurement; ours stays a function of aggregate and points. */
const DEFECT_IN_MEASUREMENT = new Set([
  "model-unsealed-other-aggregate-loses-measurement",
  "model-state-before-aggregate",
]);

/** Hooks whose text form upstream writes wrongly: members swapped, a brace too many. */
const DEFECT_IN_TEXT = new Set(["task_kill", "socket_connect", "socket_bind", "socket_accept"]);

const scenarios = anyVectors("quixote/scenarios");

describe("a session with Quixote's model is repeated", () => {
  for (const file of readdirSync(scenarios.path).sort()) {
    const name = file.replace(".jsonl", "");
    it(`in ${name}`, () => {
      const steps = linesOf(join(scenarios.path, file)).map((line) => JSON.parse(line) as Step);
      assert.ok(new Session(name).play(steps) > 0);
    });
  }

  it("in all that are known", () => {
    assert.equal(readdirSync(scenarios.path).length, scenarios.whole ? 32 : 9);
  });
});

const pointsOf = (model: Model) =>
  model.points().map((p) => ({ point: p.coefficient, count: p.count, valid: p.valid }));

class Session {
  readonly #name: string;
  readonly #mapper = createMapper(SHA256, "quixote-2025");
  #model: Model | undefined = createModel({ hasher: SHA256 });
  #trajectory: SecurityEvent[] = [];
  #forensics: SecurityEvent[] = [];
  #logging = true;
  #checks = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Plays all and returns how many outcomes were compared. */
  play(steps: readonly Step[]): number {
    const loads = steps.findIndex((step) => !step.in.startsWith("!load "));
    if (loads > 0) this.#load(steps.slice(0, loads));
    for (const step of steps.slice(loads)) this.#step(step);
    return this.#checks;
  }

  #load(steps: readonly Step[]): void {
    const text = steps.map((step) => `${step.in.slice("!load ".length)}\n`).join("");
    const read = () =>
      readTextModel(text, { source: "model", digest: "sha256", check: checkSignature });
    this.#checks++;
    const refusal = REFUSED[this.#name];
    if (refusal === undefined) {
      assert.ok(steps.every(({ out }) => out.load === true));
      this.#model = modelOfText(read().model, SHA256);
      return;
    }
    assert.throws(read, (error) => error instanceof ModelError && refusal.test(error.message));
    this.#model = undefined;
  }

  #step(step: Step): void {
    const model = this.#model;
    if (model === undefined) {
      // Quixote goes on with what it has, and so nothing may be allowed by it either
      assert.ok(step.out.ok !== true || step.out.discipline === true, step.in);
    } else if (step.in.startsWith("!")) {
      this.#ask(model, step);
    } else {
      this.#take(model, step);
    }
  }

  #take(model: Model, { in: line, out }: Step): void {
    this.#checks++;
    let record: TsemRecord;
    try {
      record = readTsemRecord(line, { dialect: "quixote" });
    } catch (error) {
      assert.ok(error instanceof RecordError);
      assert.equal(out.ok, false, error.message);
      if (out.stage === "update") assert.match(error.message, POISONING[this.#name] ?? /^$/);
      return;
    }
    if (record.kind === "aggregate") {
      model.setAggregate(record.value);
      assert.equal(out.ok, true);
    } else if (record.kind === "trajectory" || record.kind === "nothing") {
      assert.equal(out.ok, false, "a line that is no export record is not modeled");
    } else if (out.stage === "update") {
      assert.ok(POISONING[this.#name] !== undefined, "only a poisoned model refuses what is read");
    } else {
      assert.ok(record.event !== undefined);
      assert.deepEqual({ ...this.#update(model, record.event), export: record.kind }, out);
    }
  }

  #update(model: Model, event: SecurityEvent): Outcome {
    const mapped = applyPseudonyms(event, model.pseudonyms, this.#mapper);
    const coefficient = this.#mapper.coefficient(mapped);
    const { added, valid } = model.update(coefficient);
    if (added && this.#logging) (valid ? this.#trajectory : this.#forensics).push(mapped);
    const { pid, tnum = 0n } = event;
    return {
      ok: true,
      coefficient,
      added,
      discipline: !valid,
      sealed: model.sealed,
      pid,
      tnum: String(tnum),
    };
  }

  #ask(model: Model, { in: question, out }: Step): void {
    this.#checks++;
    if (question === "!seal") model.seal();
    else if (question === "!nolog") this.#logging = false;
    else if (question === "!state") assert.equal(model.state(), out.state);
    else if (question === "!measurement") {
      const same = model.measurement() === out.measurement;
      assert.equal(same, !DEFECT_IN_MEASUREMENT.has(this.#name));
    } else if (question === "!points") assert.deepEqual(pointsOf(model), out.points);
    else if (question === "!trajectory") this.#compare(this.#trajectory, out.trajectory);
    else if (question === "!forensics") this.#compare(this.#forensics, out.forensics);
    else this.#compareSizes(model, question, out);
  }

  #compareSizes(model: Model, question: string, out: Outcome): void {
    assert.equal(question, "!sizes");
    const sizes = {
      points: model.counts.points,
      trajectory: this.#trajectory.length,
      forensics: this.#forensics.length,
      // fed by a command of remote agents only, as text that nobody models
      events: 0,
    };
    assert.deepEqual(sizes, out);
  }

  /** The lists hold the same behaviours, and our text of them is read back as such. */
  #compare(ours: readonly SecurityEvent[], theirs: Outcome["trajectory"]): void {
    assert.ok(Array.isArray(theirs));
    assert.equal(ours.length, theirs.length);
    for (const [i, event] of ours.entries()) {
      const coefficient = this.#mapper.coefficient(event);
      assert.equal(
        this.#coefficientOf(writeTsemRecord({ kind: "trajectory", event })),
        coefficient,
      );
      if (DEFECT_IN_TEXT.has(event.hook)) continue;
      assert.equal(this.#coefficientOf(theirs[i] ?? ""), coefficient);
    }
  }

  #coefficientOf(line: string): string {
    const record = readTsemRecord(line, { dialect: "quixote" });
    assert.ok(record.kind === "trajectory");
    return this.#mapper.coefficient(record.event);
  }
}
