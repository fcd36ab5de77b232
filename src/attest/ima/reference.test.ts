// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { SignatureError } from "../signed/errors.ts";
import { ImaError } from "./errors.ts";
import {
  formatImaReference,
  type ImaReference,
  mergeReferences,
  parseImaReference,
} from "./reference.ts";

const GOOD: ImaReference = {
  violations: 2,
  closed: ["/opt/galgo/dist"],
  files: [
    { path: "/usr/bin/node", digests: { sha256: ["ab".repeat(32), "cd".repeat(32)] } },
    {
      path: "/opt/galgo/dist/a b",
      digests: { "verity:sha512": ["00".repeat(64)] },
      optional: true,
    },
  ],
};
const text = (edit: (file: Record<string, unknown>) => void): string => {
  const file = JSON.parse(formatImaReference(GOOD)) as Record<string, unknown>;
  edit(file);
  return JSON.stringify(file);
};

describe("reference values of IMA", () => {
  it("are read as they were written", () => {
    assert.deepEqual(parseImaReference(formatImaReference(GOOD), "f"), GOOD);
    const closed = ["/", "/opt/galgo/", "/.a/..b/c.", "/a\nb"];
    assert.deepEqual(
      parseImaReference(formatImaReference({ ...GOOD, closed }), "f").closed,
      closed,
    );
    const few = text((file) => {
      delete file["closed"];
      delete file["violations"];
    });
    const read = parseImaReference(few, "f");
    assert.deepEqual([read.closed, read.violations], [[], 0]);
  });

  it("are refused when anything in them is not known, or does not fit", () => {
    const one = { path: "/x", digests: { sha256: ["ab".repeat(32)] } };
    const files = (...given: readonly unknown[]) =>
      text((file) => Object.assign(file, { files: given }));
    const cases: readonly (readonly [string, RegExp])[] = [
      [text((file) => Object.assign(file, { kind: "TrustPolicy" })), /^f, .*kind has to be/],
      [text((file) => Object.assign(file, { more: 1 })), /more is not known/],
      [text((file) => Object.assign(file, { violations: -1 })), /violations/],
      [text((file) => Object.assign(file, { closed: ["opt"] })), /closed.0 has to be an absolute/],
      ...["/opt//galgo", "/opt/./galgo", "/opt/galgo/..", "/.", "//"].map(
        (folder) =>
          [
            text((file) => Object.assign(file, { closed: [folder] })),
            /closed.0 has to be an absolute path as the kernel writes it/,
          ] as const,
      ),
      [files(), /files has to have at least 1/],
      [files({ ...one, path: "x" }), /files.0.path has to be an absolute path/],
      [files({ ...one, digests: {} }), /digests has to have 1 to 8 algorithms/],
      [files({ ...one, digests: { sha256: [] } }), /sha256 has to have at least 1/],
      [files({ ...one, digests: { sha256: ["AB".repeat(32)] } }), /lower case hex/],
      [files({ ...one, digests: { "SHA 256": ["ab".repeat(32)] } }), /digests/],
      [files(one, one), /\/x is named twice/],
    ];
    for (const [given, message] of cases) {
      assert.throws(
        () => parseImaReference(given, "f"),
        (error) => {
          assert.ok(error instanceof ImaError, String(error));
          assert.equal(error.code, "BAD_REFERENCE");
          assert.match(error.message, message);
          return true;
        },
      );
    }
    assert.throws(() => parseImaReference('{"kind":1,"kind":2}', "f"), { code: "BAD_JSON" });
  });

  it("of two releases are merged: either may have been measured", () => {
    const file = (path: string, digit: string, optional = false) => ({
      path,
      digests: { sha256: [digit.repeat(64)] },
      ...(optional && { optional }),
    });
    const one = { violations: 0, closed: ["/a"], files: [file("/node", "a"), file("/x", "1")] };
    const files = [file("/node", "a"), file("/x", "2", true), file("/new", "3", true)];
    const merged = mergeReferences([one, { violations: 3, closed: ["/a", "/b"], files }]);
    assert.deepEqual(merged, {
      violations: 3,
      closed: ["/a", "/b"],
      files: [
        file("/node", "a"),
        { path: "/x", digests: { sha256: ["1".repeat(64), "2".repeat(64)] } },
        file("/new", "3", true),
      ],
    });
  });

  it("are read, or refused in one way, whatever the text is", () => {
    const good = formatImaReference(GOOD);
    const spoilt = fc
      .tuple(fc.nat(good.length), fc.string({ maxLength: 3 }))
      .map(([at, more]) => good.slice(0, at) + more + good.slice(at + 1));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), spoilt), (given) => {
        try {
          parseImaReference(given, "f");
        } catch (error) {
          assert.ok(error instanceof ImaError || error instanceof SignatureError, String(error));
        }
      }),
      { numRuns: 200 },
    );
  });
});
