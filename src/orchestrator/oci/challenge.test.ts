// SPDX-License-Identifier: Apache-2.0
// What registries ask for, as they write it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseChallenges } from "./challenge.ts";

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe("challenges", () => {
  it("are read with quoted and plain values, one or several", () => {
    assert.deepEqual(read('Bearer realm="https://a/t",service="s, \\"x\\"", scope=pull'), [
      ["bearer", { realm: "https://a/t", service: 's, "x"', scope: "pull" }],
    ]);
    assert.deepEqual(read('Basic realm="a b", Bearer Realm = "https://t"'), [
      ["basic", { realm: "a b" }],
      ["bearer", { realm: "https://t" }],
    ]);
    assert.deepEqual(read("Negotiate"), [["negotiate", {}]]);
  });

  it("end where they are none", () => {
    for (const header of ["", "=x", 'realm="x"', '"x"', `Bearer a="${"x".repeat(5_000)}"`])
      assert.deepEqual(read(header), [], header.slice(0, 20));
    assert.deepEqual(read('Bearer realm="x'), [["bearer", {}]]);
  });

  it("are read to an end, whatever is given", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (header) =>
        Array.isArray(parseChallenges(header)),
      ),
    );
  });
});
