// SPDX-License-Identifier: Apache-2.0
// What Quixote's small tools print, and the model texts they sign, made by the functions behind `galgo model` and `galgo replay`.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { ByteWriter } from "../../src/base/bytes.ts";
import { readTsemRecord } from "../../src/event/index.ts";
import { createMapper } from "../../src/model/index.ts";
import {
  convertModel,
  makePseudonyms,
  measureModel,
} from "../../src/orchestrator/inspect/index.ts";
import { SHA256 } from "../helpers/test-hasher.ts";
import { anyVectors, linesOf } from "../helpers/vectors.ts";

interface Use {
  readonly argv: readonly [string, ...string[]];
  readonly stdout: string;
  readonly rc: number;
}

const path = (name: string): string => anyVectors(`quixote/${name}`).path;
const uses = linesOf(path("utilities.jsonl")).map((line) => JSON.parse(line) as Use);
const folder = mkdtempSync(join(tmpdir(), "galgo-utilities-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The word after an option. */
function optionOf({ argv }: Use, name: string): string {
  const at = argv.indexOf(name);
  return at < 0 ? "" : (argv[at + 1] ?? "");
}

const TOOLS: Readonly<Record<string, (use: Use) => string | undefined>> = {
  "generate-pseudonym": (use) => {
    const input = optionOf(use, "-i");
    const trajectory = join(folder, "line.jsonl");
    writeFileSync(trajectory, `${input}\n`);
    const { pseudonyms } = use.argv.includes("-T")
      ? makePseudonyms({ paths: [], trajectory })
      : makePseudonyms({ paths: [input] });
    return pseudonyms.map((pseudonym) => `pseudonym ${pseudonym}\n`).join("");
  },
  "compute-measurement": (use) => {
    const { measurement } = measureModel({
      file: path("utilities-points.txt"),
      aggregate: optionOf(use, "-a"),
      base: optionOf(use, "-h"),
    });
    return `${measurement}\n`;
  },
  "generate-states": (use) => {
    const prefix = use.argv.includes("-p") ? "state " : "";
    return coefficientsOf(path("utilities-traj.txt"))
      .map((coefficient) => `${prefix}${coefficient}\n`)
      .join("");
  },
  // Kept by upstream for older platforms and used by nothing: there is no command for it, only the rule.
  "compute-aggregate": (use) => {
    const w = new ByteWriter();
    for (const part of ["-a", "-s"]) w.u32(32).hex(optionOf(use, part));
    return `${SHA256.hex(w.bytes())}\n`;
  },
  // Input of the agent in a microcontroller, which Galgo does not speak to.
  json2quixote: () => undefined,
};

function coefficientsOf(file: string): readonly string[] {
  const mapper = createMapper(SHA256, "quixote-2025");
  return linesOf(file).map((line) => {
    const record = readTsemRecord(line, { dialect: "quixote" });
    assert.ok(record.kind === "trajectory");
    return mapper.coefficient(record.event);
  });
}

describe("Quixote's tools", () => {
  for (const use of uses) {
    const [tool, ...args] = use.argv;
    const said = TOOLS[tool];
    it(`${tool} ${args.join(" ").slice(0, 60)}`, () => {
      assert.ok(said !== undefined, "a tool that nobody thought of");
      const text = said(use);
      if (text !== undefined) assert.deepEqual([text, 0], [use.stdout, use.rc]);
    });
  }
});

describe("the model texts that sign-model makes", () => {
  const unsigned = path("unsigned-model.txt");
  const signed = path("signed-model.txt");
  const output = join(folder, "out");
  const convert = (input: string, to: "galgo" | "quixote", more = {}) =>
    convertModel({ input, output, to, allowLoss: false, ...more });

  it("are verified", () => {
    const result = convert(signed, "galgo");
    assert.equal(result.signer?.expected, false);
    assert.deepEqual(result.warnings, []);
    assert.equal(result.points, 6);
    assert.equal(result.state, convert(unsigned, "galgo").state);
  });

  it("are written byte for byte, as far as nothing but the text goes into them", () => {
    convert(unsigned, "quixote");
    assert.equal(readFileSync(output, "utf8"), readFileSync(unsigned, "utf8"));
    convert(signed, "quixote");
    assert.equal(readFileSync(output, "utf8"), readFileSync(unsigned, "utf8"));
  });

  it("have the state and the measurement that Quixote gave them", () => {
    for (const file of [signed, unsigned]) {
      const { state, measurement } = measureModel({ file });
      assert.match(state, /^0c9795bd8514e569/);
      assert.match(measurement, /^ac291ee7f393a2be/);
    }
  });
});
