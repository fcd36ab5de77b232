// SPDX-License-Identifier: Apache-2.0
// Addresses of the console: what is written is read back, whatever is in it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { href, parseRoute } from "./route.ts";

describe("addresses of the console", () => {
  it("names a page, what it shows, and choices", () => {
    assert.deepEqual(parseRoute("#/workloads/h~r/processes?q=nginx&sort=-at"), {
      page: "workloads",
      rest: ["h~r", "processes"],
      query: { q: "nginx", sort: "-at" },
    });
    assert.deepEqual(parseRoute(""), { page: "", rest: [], query: {} });
  });

  it("leaves out choices that are empty", () => {
    assert.equal(href(["hosts"], { q: "", status: undefined, group: "a b" }), "#/hosts?group=a+b");
  });

  it("takes what is not well encoded as it stands", () => {
    assert.deepEqual(parseRoute("#/hosts/%zz").rest, ["%zz"]);
  });

  it("reads back what it wrote", () => {
    const part = fc.string({ unit: "grapheme", minLength: 1 });
    fc.assert(
      fc.property(part, part, fc.string({ unit: "grapheme", minLength: 1 }), (page, id, q) => {
        assert.deepEqual(parseRoute(href([page, id], { q })), { page, rest: [id], query: { q } });
      }),
    );
  });
});
