// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aModel } from "../../../test/helpers/models.ts";
import { SHA256, testHasher } from "../../../test/helpers/test-hasher.ts";
import { ModelError, modelDigest } from "../../model/index.ts";
import type { Envelope } from "./dsse.ts";
import { SignatureError } from "./errors.ts";
import {
  envelopeOfModel,
  isAbout,
  modelSubject,
  type ModelStatement,
  STATEMENT_PAYLOAD_TYPE,
  statementOf,
} from "./statement.ts";

const A = "aa".repeat(32);
const B = "bb".repeat(32);
const model = aModel();
const subject = [{ name: "registry.example/shop", digest: { sha256: A } }];
const envelope = envelopeOfModel(model, subject);
const read = (given: Envelope): ModelStatement => statementOf(given, "m.json", testHasher);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const holding = (value: unknown): Envelope => ({
  ...envelope,
  payload: new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)),
});
const statement = JSON.parse(text(envelope.payload)) as Record<string, unknown>;

describe("a statement about a model", () => {
  it("comes back with the same model and subjects", () => {
    assert.deepEqual(read(envelope), {
      _type: "https://in-toto.io/Statement/v1",
      subject,
      predicateType: "https://galgo.dev/WorkloadModel/v1",
      predicate: model,
    });
  });

  it("is canonical: the same bytes for the same model, whatever the order of its members", () => {
    const shuffled = JSON.parse(JSON.stringify(model), (_, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    ) as typeof model;
    assert.deepEqual(envelopeOfModel(shuffled, subject).payload, envelope.payload);
    assert.match(text(envelope.payload), /^\{"_type":"https:\/\/in-toto\.io\/Statement\/v1",/);
  });

  it("is about its model when nothing else is known", () => {
    const own = modelSubject(model, SHA256);
    assert.deepEqual(own, { name: "demo", digest: { sha256: modelDigest(model, SHA256) } });
    assert.ok(isAbout(read(envelopeOfModel(model, [own])), own.digest));
  });

  it("passes over what in-toto may add one day", () => {
    const more = { ...statement, later: 1, subject: [{ ...subject[0], mediaType: "x" }] };
    assert.deepEqual(read(holding(more)), read(envelope));
  });

  for (const [what, change, why] of [
    [
      "another type of statement",
      { _type: "https://in-toto.io/Statement/v0.1" },
      /_type has to be/,
    ],
    ["another predicate", { predicateType: "https://slsa.dev/provenance/v1" }, /states "?https/],
    ["no subject", { subject: [] }, /subject has to have at least 1/],
    [
      "a subject without digest",
      { subject: [{ name: "x", digest: {} }] },
      /digest has to be digests/,
    ],
    ["upper-case hex", { subject: [{ digest: { sha256: A.toUpperCase() } }] }, /has to be digests/],
    ["a short digest", { subject: [{ digest: { sha512: A } }] }, /has to be digests/],
    ["a predicate that is no object", { predicate: [] }, /predicate has to be/],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => read(holding({ ...statement, ...change })),
        (error) =>
          error instanceof SignatureError &&
          error.code === "BAD_STATEMENT" &&
          error.message.startsWith("m.json ") &&
          why.test(error.message),
      );
    });
  }

  it("refuses another payload type, and what is no JSON or ambiguous", () => {
    assert.throws(() => read({ ...envelope, payloadType: "text/plain" }), /holds text\/plain/);
    assert.throws(() => read(holding("{")), { code: "BAD_JSON" });
    assert.throws(() => read(holding('{"_type":1,"_type":2}')), /_type twice/);
    assert.throws(() => read({ ...envelope, payload: Uint8Array.of(0xff) }), /not UTF-8/);
  });

  it("refuses a model that is none, as a model file is refused", () => {
    const changed = JSON.stringify(statement).replace(model.spec.state, A);
    assert.throws(
      () => read(holding(changed)),
      (error) => error instanceof ModelError && error.code === "BAD_STATE",
    );
    assert.throws(
      () => read(holding({ ...statement, predicate: { ...model, extra: 1 } })),
      (error) => error instanceof ModelError && error.code === "BAD_FIELD",
    );
  });

  it("reads any statement or refuses it", () => {
    const value = fc.record(
      {
        _type: fc.constant(statement["_type"]),
        subject: fc.oneof(fc.constant(subject), fc.jsonValue()),
        predicateType: fc.constantFrom(statement["predicateType"], "x"),
        predicate: fc.oneof(fc.constant(model), fc.jsonValue()),
      },
      { requiredKeys: ["_type"] },
    );
    fc.assert(
      fc.property(value, (given) => {
        try {
          assert.deepEqual(read(holding(given)).predicate, model);
        } catch (error) {
          assert.ok(error instanceof SignatureError || error instanceof ModelError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is not written without a subject that can be compared with something", () => {
    assert.throws(() => envelopeOfModel(model, []), { code: "BAD_STATEMENT" });
    assert.throws(() => envelopeOfModel(model, [{ digest: { sha256: "xy" } }]), {
      code: "BAD_STATEMENT",
    });
    assert.equal(envelope.payloadType, STATEMENT_PAYLOAD_TYPE);
    assert.deepEqual(envelope.signatures, []);
  });
});

describe("what a statement is about", () => {
  const of = (
    ...digests: Record<string, string>[]
  ): { subject: { digest: (typeof digests)[0] }[] } => ({
    subject: digests.map((digest) => ({ digest })),
  });
  const LONG = "cc".repeat(64);
  for (const [what, about, asked, answer] of [
    ["the same digest", of({ sha256: A }), { sha256: A }, true],
    ["another digest", of({ sha256: A }), { sha256: B }, false],
    ["one of several subjects", of({ sha256: A }, { sha256: B }), { sha256: B }, true],
    ["no digest in common", of({ sha256: A }), { sha512: LONG }, false],
    ["one digest in common", of({ sha256: A, sha512: LONG }), { sha512: LONG }, true],
    [
      "one of two that differs",
      of({ sha256: A, sha512: LONG }),
      { sha256: B, sha512: LONG },
      false,
    ],
    ["digests of two subjects mixed", of({ sha256: A }, { sha512: LONG }), { sha256: B }, false],
    ["a broken digest only", of({ sha1: "aa" }), { sha1: "aa" }, false],
    ["nothing", of({ sha256: A }), {}, false],
    ["a name that objects inherit", of({ sha256: A }), { constructor: "x" }, false],
  ] as const) {
    it(`${answer ? "holds" : "does not hold"} for ${what}`, () => {
      assert.equal(isAbout(about, asked as Record<string, string>), answer);
    });
  }
});
