// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyMatch, USER } from "../../../test/helpers/any-template.ts";
import { ANYBODY, matchesTemplate } from "./match.ts";
import { parseTemplate, printTemplate } from "./template.ts";

const matches = (text: string, name: string, user: typeof USER | typeof ANYBODY = USER): boolean =>
  matchesTemplate(parseTemplate(text), name, user);
const H40 = "0123456789abcdef".repeat(3).slice(0, 40);

describe("a name that a template was made from", () => {
  it("matches it", () => {
    fc.assert(
      fc.property(anyMatch, ({ template, name }) => {
        assert.ok(matchesTemplate(template, name, USER), `${printTemplate(template)} ${name}`);
        assert.ok(matchesTemplate(template, name, ANYBODY));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a hole", () => {
  const cases: readonly (readonly [hole: string, yes: readonly string[], no: readonly string[]])[] =
    [
      [
        "{n}",
        ["0", "7", "007", "12345678901234567890"],
        ["", "x", "7x", "x7", "-7", "+7", "1.5", "٣", "123456789012345678901", " 7"],
      ],
      ["{pid}", ["4242", "4243"], ["4241", "42", "04242", "4242x", "424", "0", "42424242"]],
      ["{hex}", ["deadbeef", H40], ["deadbee", "DEADBEEF", "deadbeeg", "", "a".repeat(129)]],
      ["{hex:40}", [H40], [H40.slice(1), `${H40}0`, H40.toUpperCase(), `${H40.slice(1)}g`]],
      [
        "{uuid}",
        ["c0ffee00-1234-4abc-8def-0123456789ab", "C0FFEE00-1234-4ABC-8DEF-0123456789AB"],
        [
          "c0ffee00-1234-4abc-8def-0123456789a",
          "c0ffee00-1234-4abc-8def-0123456789abc",
          "c0ffee0012344abc8def0123456789ab",
          "c0ffee00-1234-4abc-8def_0123456789ab",
          "g0ffee00-1234-4abc-8def-0123456789ab",
        ],
      ],
      [
        "{tmp}",
        ["aB3_xZ", "a1b2c3d4e5f6"],
        ["aB3_x", "a1b2c3d4e5f67", "aB3-xZ", "aB3.xZ", "äöüäöü"],
      ],
      ["{id:8}", ["aB3_-xZ9"], ["aB3_-xZ", "aB3_-xZ99", "aB3.-xZ9"]],
      [
        "{time}",
        [
          "2026-11-21",
          "2026_11_21",
          "20261121",
          "2026-11",
          "2026-11-21T07:34:06Z",
          "2026-11-21T07:34:06.123456+01:00",
          "20261121T073406",
          "20261121073406",
          "2026-11-21_07-34",
          "2026-11-21T07_34_06_789Z",
          "07:34:06",
          "23-59-60",
        ],
        [
          "2026-13-21",
          "2026-11-32",
          "1969-11-21",
          "2026",
          "202611",
          "202611211",
          "2026-11-211",
          "2026-11-21T25:00:00",
          "073406",
          "07:34",
          "24:00:00",
          "2026-11-21x",
          "1763710446",
        ],
      ],
      ["{name}", ["x", "a b", "...", "..x", "\udc80\udcff", "{n}"], ["", ".", ".."]],
    ];
  for (const [hole, yes, no] of cases) {
    it(`${hole} stands for what it says and nothing else`, () => {
      for (const text of yes) assert.ok(matches(`/a/${hole}`, `/a/${text}`), text);
      for (const text of no) assert.ok(!matches(`/a/${hole}`, `/a/${text}`), text);
    });
  }

  it("never reaches beyond its component", () => {
    for (const hole of ["{n}", "{hex:4}", "{uuid}", "{tmp}", "{id:4}", "{time}", "{name}"]) {
      assert.ok(!matches(`/a/${hole}`, "/a/1234/5678"), hole);
      assert.ok(!matches(`/a/${hole}`, "/a"), hole);
      assert.ok(!matches(`/a/${hole}`, "/a/"), hole);
      assert.ok(!matches(`/a/${hole}/b`, "/a//b"), hole);
    }
  });

  it("{path} stands for one or more components that lead down", () => {
    for (const name of ["/a/b", "/a/b/c", "/a/b/c/d/e", "/a/..."])
      assert.ok(matches("/a/{path}", name));
    for (const name of [
      "/a",
      "/a/",
      "/b/c",
      "/a/b/",
      "/a/b//c",
      "/a/..",
      "/a/b/../../etc/shadow",
      "/a/./b",
    ])
      assert.ok(!matches("/a/{path}", name), name);
  });

  it("is nobody's number when nobody acts", () => {
    assert.ok(!matchesTemplate(parseTemplate("/a/{pid}"), "/a/0", { pid: 0 }));
    assert.ok(!matchesTemplate(parseTemplate("/a/{pid}"), "/a/5", { pid: 0 }));
  });
});

describe("roots", () => {
  it("are told apart", () => {
    const names = ["/x-1", "\0x-1", "x-1"];
    const texts = ["/x-{n}", "@x-{n}", "x-{n}"];
    for (const [i, text] of texts.entries())
      for (const [j, name] of names.entries()) assert.equal(matches(text, name), i === j);
    assert.ok(!matches("@x-{n}", "@x-1"));
  });
});
