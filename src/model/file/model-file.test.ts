// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aContent, aModel, coefficient } from "../../../test/helpers/models.ts";
import { SHA256, testHasher } from "../../../test/helpers/test-hasher.ts";
import {
  BUILTIN_PROFILES,
  canonicalBytes,
  makeWorkloadModel,
  ModelError,
  type ModelErrorCode,
  modelDigest,
  parseWorkloadModel,
  stringifyWorkloadModel,
  type WorkloadModel,
  workloadModelJsonSchema,
} from "../index.ts";
import { MAX_FAULTS, MAX_MODEL_CHARS } from "../limits.ts";

const LAST = BUILTIN_PROFILES.portable.rules.length;
const DOUBLED = new RegExp(`rules\\[${LAST}\\] is doubled or out of order`);
const NOT_TEXT = new RegExp(`rules\\[${LAST}\\]\\.path is not well-formed`);
const options = { source: "demo.json", hasher: testHasher };
const parse = (text: string): WorkloadModel => parseWorkloadModel(text, options);

function refusal(text: string): ModelError {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof ModelError);
    return error;
  }
  return assert.fail("was not refused");
}

interface Draft {
  [name: string]: unknown;
  metadata: Record<string, unknown>;
  spec: Record<string, unknown>;
}

/** The text of a good model with something changed. */
function changed(change: (draft: Draft) => void): string {
  const draft = JSON.parse(stringifyWorkloadModel(aModel())) as Draft;
  change(draft);
  return JSON.stringify(draft);
}

describe("a model file", () => {
  it("gives the same model back", () => {
    for (const model of [
      aModel(),
      aModel({ base: coefficient(9), points: [], pseudonyms: [coefficient(5)] }),
      aModel({ profile: BUILTIN_PROFILES.exact, sealed: false }),
      makeWorkloadModel(
        aContent({ aggregate: "0".repeat(128), points: ["ab".repeat(64)] }),
        testHasher("sha512"),
      ),
    ]) {
      assert.deepEqual(parse(stringifyWorkloadModel(model)), model);
    }
  });

  it("is indented JSON with a line for each point and a newline at the end", () => {
    const text = stringifyWorkloadModel(aModel());
    assert.ok(text.endsWith("}\n"));
    assert.match(text, new RegExp(`^ {6}"${coefficient(1)}",?$`, "m"));
  });

  it("sorts points and pseudonyms, once each", () => {
    const points = [coefficient(2), coefficient(1), coefficient(2)];
    const { spec } = aModel({ points, pseudonyms: points });
    assert.deepEqual(spec.points, [coefficient(1), coefficient(2)].sort());
    assert.deepEqual(spec.pseudonyms, spec.points);
    assert.equal(spec.completeness.behaviours, 2);
  });

  const faults: readonly (readonly [string, (d: Draft) => void, ModelErrorCode, RegExp])[] = [
    ["an unknown field at the top", (d) => (d["extra"] = 1), "BAD_FIELD", /extra is not known/],
    [
      "an unknown field inside",
      (d) => (d.spec["limits"] = {}),
      "BAD_FIELD",
      /spec\.limits is not known/,
    ],
    ["a missing field", (d) => delete d.spec["sealed"], "BAD_FIELD", /spec\.sealed is missing/],
    [
      "another version",
      (d) => (d["apiVersion"] = "galgo.dev/v2"),
      "BAD_FIELD",
      /apiVersion must be galgo\.dev\/v1/,
    ],
    ["another kind", (d) => (d["kind"] = "Pod"), "BAD_FIELD", /kind must be WorkloadModel/],
    [
      "a name for another folder",
      (d) => (d.metadata["name"] = "../x"),
      "BAD_FIELD",
      /metadata\.name must match/,
    ],
    [
      "a name that is too long",
      (d) => (d.metadata["name"] = "x".repeat(65)),
      "BAD_FIELD",
      /metadata\.name must not exceed 64/,
    ],
    [
      "another mapping",
      (d) => (d.spec["mapping"] = "quixote-2099"),
      "WRONG_MAPPING",
      /demo\.json was made with mapping quixote-2099; this version knows tsem-v4, quixote-2025/,
    ],
    [
      "a mapping that goes with no rules",
      (d) => (d.spec["mapping"] = "quixote-2025"),
      "BAD_FIELD",
      /spec\.profile\.rules must be empty for the mapping quixote-2025/,
    ],
    ["no mapping", (d) => (d.spec["mapping"] = 5), "BAD_FIELD", /spec\.mapping must be tsem-v4/],
    [
      "another digest",
      (d) => (d.spec["digest"] = "md5"),
      "BAD_FIELD",
      /spec\.digest must be sha256 or/,
    ],
    [
      "a point that is not hex",
      (d) => ((d.spec["points"] as string[])[1] = "zz"),
      "BAD_FIELD",
      /spec\.points\[1\] must match/,
    ],
    [
      "a point of another digest",
      (d) => ((d.spec["points"] as string[])[0] = "0".repeat(96)),
      "BAD_FIELD",
      /spec\.points\[0\] is not 64 hex digits/,
    ],
    [
      "points out of order",
      (d) => (d.spec["points"] as string[]).reverse(),
      "BAD_FIELD",
      /spec\.points\[1\] is not above the one before/,
    ],
    [
      "a point twice",
      (d) => (d.spec["points"] as string[]).splice(1, 0, (d.spec["points"] as string[])[0] ?? ""),
      "BAD_FIELD",
      /spec\.points\[1\] is not above/,
    ],
    [
      "a point less",
      (d) => {
        (d.spec["points"] as string[]).pop();
        (d.spec["completeness"] as { behaviours: number }).behaviours = 2;
      },
      "BAD_STATE",
      /its points give [0-9a-f]{64}/,
    ],
    [
      "another aggregate",
      (d) => (d.spec["aggregate"] = coefficient(7)),
      "BAD_STATE",
      /demo\.json says state/,
    ],
    [
      "a base that it was not made with",
      (d) => (d.spec["base"] = coefficient(7)),
      "BAD_STATE",
      /changed by hand or is damaged/,
    ],
    [
      "a base of another digest",
      (d) => (d.spec["base"] = "0".repeat(96)),
      "BAD_FIELD",
      /spec\.base is not 64/,
    ],
    [
      "another number of behaviours",
      (d) => ((d.spec["completeness"] as { behaviours: number }).behaviours = 4),
      "BAD_FIELD",
      /behaviours is not the number of points, 3/,
    ],
    [
      "nine numbers of a run",
      (d) =>
        ((d.spec["completeness"] as { saturation: number[] }).saturation = [
          1, 2, 3, 4, 5, 6, 7, 8, 9,
        ]),
      "BAD_FIELD",
      /ten numbers a run/,
    ],
    [
      "a negative count",
      (d) => ((d.spec["completeness"] as { runs: number }).runs = -1),
      "BAD_FIELD",
      /spec\.completeness\.runs must be at least 0/,
    ],
    [
      "half a count",
      (d) => ((d.spec["completeness"] as { runs: number }).runs = 1.5),
      "BAD_FIELD",
      /spec\.completeness\.runs must be a whole number/,
    ],
    [
      "an unknown hook",
      (d) => ((d.spec["fidelity"] as { sees: string[] }).sees = ["file_shut"]),
      "BAD_FIELD",
      /spec\.fidelity\.sees\[0\] must be file_open or/,
    ],
    [
      "an unknown rule",
      (d) => ((d.spec["profile"] as { rules: unknown[] }).rules[0] = { rule: "drop-all" }),
      "BAD_FIELD",
      /spec\.profile\.rules\[0\]\.rule is not a rule of this version/,
    ],
    [
      "a rule with too much",
      (d) =>
        ((d.spec["profile"] as { rules: unknown[] }).rules[0] = { rule: "drop-device", path: "/" }),
      "BAD_FIELD",
      /rules\[0\]\.path is not known/,
    ],
    [
      "a rule twice",
      (d) => (d.spec["profile"] as { rules: unknown[] }).rules.push({ rule: "digest-policy" }),
      "BAD_FIELD",
      DOUBLED,
    ],
    [
      "portable without its rules",
      (d) => (d.spec["profile"] as { rules: unknown[] }).rules.shift(),
      "BAD_FIELD",
      /lacks drop-device of the profile portable/,
    ],
    [
      "exact with rules",
      (d) => ((d.spec["profile"] as { name: string }).name = "exact"),
      "BAD_FIELD",
      /must be empty for the profile exact/,
    ],
    [
      "a path that is no text",
      (d) =>
        (d.spec["profile"] as { rules: unknown[] }).rules.push({
          rule: "no-digest",
          path: "/\udc80",
        }),
      "BAD_FIELD",
      NOT_TEXT,
    ],
  ];
  for (const [name, change, code, message] of faults) {
    it(`is refused with ${name}`, () => {
      const error = refusal(changed(change));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
    });
  }

  it("is refused with all its faults at once, up to a number", () => {
    const error = refusal(
      changed((d) => {
        d.spec["sealed"] = "yes";
        d.spec["state"] = 1;
        d["x"] = 1;
      }),
    );
    for (const part of [
      /spec\.sealed must be boolean/,
      /spec\.state must be string/,
      /x is not known/,
    ]) {
      assert.match(error.message, part);
    }
    const many = refusal(
      changed((d) => (d.spec["points"] = Array.from({ length: 100 }, () => "x"))),
    );
    assert.match(many.message, new RegExp(`and ${100 - MAX_FAULTS} more$`));
  });

  for (const text of ["", "{", "nul", '{"a":1}\u0000', "\u001b[2J"]) {
    it(`is refused as ${JSON.stringify(text)}`, () => {
      const error = refusal(text);
      assert.equal(error.code, "BAD_JSON");
      assert.doesNotMatch(error.message, /\p{Cc}/u);
    });
  }

  for (const text of ["null", "[]", "5", '"x"', "{}", '{"spec":null}']) {
    it(`is refused as ${text}`, () => assert.equal(refusal(text).code, "BAD_FIELD"));
  }

  it("is refused when it is too large", () => {
    assert.equal(refusal(" ".repeat(MAX_MODEL_CHARS + 1)).code, "TOO_LARGE");
  });

  it("with one byte flipped is refused, or has another digest, or is the same model written otherwise", () => {
    const model = aModel({ base: coefficient(4) });
    const text = stringifyWorkloadModel(model);
    const bytes = new TextEncoder().encode(text);
    const digest = modelDigest(model, SHA256);
    const check = (at: number, flip: number): void => {
      const damaged = Uint8Array.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ flip;
      let other: WorkloadModel;
      try {
        other = parse(new TextDecoder().decode(damaged));
      } catch (error) {
        if (error instanceof ModelError) return;
        throw error;
      }
      // A line end may become a blank, 0 may become -0.
      if (modelDigest(other, SHA256) === digest) assert.equal(stringifyWorkloadModel(other), text);
    };
    const flips = fc.integer({ min: 1, max: 255 });
    fc.assert(fc.property(fc.nat(bytes.length - 1), flips, check), {
      numRuns: 2000,
      examples: [[text.indexOf(" 0"), 13]],
    });
  });

  it("with one byte flipped in a point, the aggregate, the base or the state is always refused", () => {
    const text = stringifyWorkloadModel(aModel({ base: coefficient(4) }));
    const places = [...text.matchAll(/"([0-9a-f]{64})"/g)].flatMap(({ index }) =>
      Array.from({ length: 64 }, (_, i) => index + 1 + i),
    );
    assert.equal(places.length, 6 * 64);
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        fc.constantFrom(..."0123456789abcdef"),
        (at, digit) => {
          if (text[at] === digit) return;
          const error = refusal(text.slice(0, at) + digit + text.slice(at + 1));
          assert.match(error.code, /^BAD_(?:STATE|FIELD)$/);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("canonical bytes", () => {
  it("do not depend on the order of members or on blanks", () => {
    const model = aModel();
    const reordered = JSON.parse(JSON.stringify(model), (_, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    ) as WorkloadModel;
    assert.deepEqual(canonicalBytes(reordered), canonicalBytes(model));
    assert.equal(modelDigest(reordered, SHA256), modelDigest(model, SHA256));
  });

  it("are RFC 8785: sorted members, no blanks, UTF-8", () => {
    const text = new TextDecoder().decode(
      canonicalBytes(
        aModel({ profile: { name: "own", rules: [{ rule: "no-digest", path: "/é" }] } }),
      ),
    );
    assert.ok(
      text.startsWith(
        '{"apiVersion":"galgo.dev/v1","kind":"WorkloadModel","metadata":{"name":"demo"},"spec":{"aggregate":"',
      ),
    );
    assert.ok(text.includes('"rules":[{"path":"/é","rule":"no-digest"}]'));
  });

  it("change with everything in a model", () => {
    const digests = [
      aModel(),
      aModel({ name: "other" }),
      aModel({ sealed: false }),
      aModel({ points: [coefficient(1)] }),
      aModel({ completeness: { runs: 3, eventsSeen: 100, eventsLost: 0, saturation: [] } }),
    ].map((model) => modelDigest(model, SHA256));
    assert.equal(new Set(digests).size, digests.length);
  });
});

describe("the published schema", () => {
  it("is fresh (scripts/gen-schema.ts writes it)", () => {
    const text = readFileSync("docs/reference/workload-model.schema.json", "utf8");
    const published: unknown = JSON.parse(text);
    assert.deepEqual(published, JSON.parse(JSON.stringify(workloadModelJsonSchema())));
  });

  it("refuses unknown fields everywhere", () => {
    const open: string[] = [];
    const walk = (node: unknown, place: string): void => {
      if (typeof node !== "object" || node === null) return;
      const { type, additionalProperties } = node as Readonly<Record<string, unknown>>;
      if (type === "object" && additionalProperties !== false) open.push(place);
      for (const [name, inner] of Object.entries(node)) walk(inner, `${place}/${name}`);
    };
    walk(workloadModelJsonSchema(), "");
    assert.deepEqual(open, []);
  });
});
