// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aFile, anEvent } from "../../test/helpers/events.ts";
import { writeTsemRecord } from "../event/index.ts";
import { recordJson, recordWords } from "./foreign-record.ts";

const line = (pathname: string): string =>
  writeTsemRecord({ kind: "trajectory", event: anEvent("file_open", { file: aFile(pathname) }) });

describe("records of another orchestrator", () => {
  it("are shown in words when they can be read", () => {
    assert.equal(recordWords(line("/etc/passwd")), "sh opens /etc/passwd for reading");
    assert.equal(recordWords(line('/a"b\n')), 'sh opens "/a\\"b\\n" for reading');
  });

  it("are quoted when they can not", () => {
    assert.equal(recordWords("{ \u001b[31m"), '"{ \\x1b[31m"');
  });

  it("are one line of JSON without anything hidden in it, whatever came", () => {
    const any = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.constantFrom('{"a": "\u202e\udcff"}', '{\n\t"a": 1}'),
    );
    fc.assert(
      fc.property(any, (text) => {
        const json = recordJson(text);
        assert.doesNotMatch(json, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        const value: unknown = JSON.parse(json);
        try {
          assert.deepEqual(value, JSON.parse(text));
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
          assert.equal(value, text);
        }
      }),
    );
  });
});
