// SPDX-License-Identifier: Apache-2.0
// References that are read, and those that are refused.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { OciError } from "./errors.ts";
import { isLoopback, parseReference, referenceText } from "./reference.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

describe("references", () => {
  it("are a registry, a repository, and a tag or a digest", () => {
    const cases: readonly [string, object][] = [
      ["example.org/a/b:v1", { registry: "example.org", repository: "a/b", tag: "v1" }],
      ["localhost/app", { registry: "localhost", repository: "app" }],
      [
        `127.0.0.1:5000/app@${DIGEST}`,
        { registry: "127.0.0.1:5000", repository: "app", digest: DIGEST },
      ],
      [
        `r.io/a__b/c-d:T_1@${DIGEST}`,
        { registry: "r.io", repository: "a__b/c-d", tag: "T_1", digest: DIGEST },
      ],
      ["[::1]:5000/app:x", { registry: "[::1]:5000", repository: "app", tag: "x" }],
    ];
    for (const [text, expected] of cases) {
      const read = parseReference(text);
      assert.deepEqual(read, expected);
      assert.equal(referenceText(read), text);
    }
  });

  it("are refused with the reason", () => {
    const cases: readonly [string, RegExp][] = [
      ["app:v1", /does not begin with a registry/],
      ["library/app:v1", /does not begin with a registry/],
      ["https://r.io/app", /scheme/],
      ["user:word@r.io/app", /does not begin with a registry/],
      ["r.io:0/app", /does not begin with a registry/],
      ["r.io:70000/app", /does not begin with a registry/],
      ["1.2.3.400/app:v1", /does not begin with a registry/],
      ["[1:2]:5000/app:v1", /does not begin with a registry/],
      ["r.io/", /repository/],
      ["r.io/App", /repository/],
      ["r.io/a/../b", /repository/],
      ["r.io/a?x=1", /repository/],
      ["r.io/a:-x", /tag/],
      ["r.io/a:x:y", /more than one tag/],
      ["r.io/a@sha256:00", /digest/],
      [`r.io/a@${DIGEST.toUpperCase()}`, /digest/],
      [`r.io/a@${DIGEST}@${DIGEST}`, /more than one @/],
      [`r.io/${"a".repeat(600)}`, /longer than 512/],
      ["r.io/a\u001b[2J", /repository/],
    ];
    for (const [text, message] of cases)
      assert.throws(() => parseReference(text), { code: "BAD_REFERENCE", message }, text);
  });

  it("never lead out of their repository, whatever is given", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (rest) => {
        try {
          const { repository } = parseReference(`r.io/${rest}`);
          assert.equal(new URL(`https://r.io/v2/${repository}/x`).pathname, `/v2/${repository}/x`);
        } catch (error) {
          assert.ok(error instanceof OciError);
        }
      }),
    );
  });

  it("tell this machine from others", () => {
    for (const here of ["localhost", "localhost:5000", "127.0.0.1", "127.1.2.3:80", "[::1]:5000"])
      assert.equal(isLoopback(here), true, here);
    for (const there of [
      "localhost.example.org",
      "127.0.0.1.example.org",
      "127.0.0.1x",
      "10.0.0.1:5000",
    ])
      assert.equal(isLoopback(there), false, there);
  });
});
