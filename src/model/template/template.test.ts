// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyTemplate } from "../../../test/helpers/any-template.ts";
import { ModelError } from "../errors.ts";
import { parseTemplate, printTemplate, rewrittenForm } from "./template.ts";

describe("the text of a template", () => {
  it("is read as what it was written from", () => {
    fc.assert(
      fc.property(anyTemplate, (template) => {
        assert.deepEqual(parseTemplate(printTemplate(template)), template);
      }),
      { numRuns: 1000 },
    );
  });

  it("is the only one of its template", () => {
    const chars = fc.constantFrom(
      "/",
      "{",
      "{{",
      "}",
      "{n}",
      "{hex:4}",
      "{name}",
      "a",
      "0",
      ".",
      "@",
    );
    fc.assert(
      fc.property(fc.array(chars, { maxLength: 9 }), (parts) => {
        const text = parts.join("");
        let template: ReturnType<typeof parseTemplate>;
        try {
          template = parseTemplate(text);
        } catch (error) {
          assert.ok(error instanceof ModelError && error.code === "BAD_TEMPLATE");
          return;
        }
        assert.equal(printTemplate(template), text);
      }),
      { numRuns: 2000 },
    );
  });

  it("has literals, typed holes, and {{ for the character itself", () => {
    assert.deepEqual(parseTemplate("/a/{hex:40}-{n}.x/{{pid}"), {
      root: "/",
      components: [["a"], [{ type: "hex", size: 40 }, "-", { type: "n" }, ".x"], ["{pid}"]],
    });
    assert.deepEqual(parseTemplate("@x-{tmp}"), {
      root: "@",
      components: [["x-", { type: "tmp" }]],
    });
    assert.deepEqual(parseTemplate("../{n}"), { root: "", components: [[".."], [{ type: "n" }]] });
    assert.deepEqual(parseTemplate("/tmp//{{temporary}/{n}").components.slice(0, 3), [
      ["tmp"],
      [],
      ["{temporary}"],
    ]);
  });

  const wrong: readonly (readonly [string, RegExp])[] = [
    ["", /is empty/],
    ["/", /is empty/],
    ["/a/{n}//", /ends with two slashes/],
    ["/srv/app/{path}/", /must be last/],
    ["/a/b", /has no hole/],
    ["/a/{{n}", /has no hole/],
    ["/a/{n", /not closed/],
    ["/a/{", /not closed/],
    ["/a/{}", /is no hole: there are \{pid\}/],
    ["/a/{x}", /"?\{x\}"? is no hole/],
    ["/a/{n:3}", /\{n\} has no length/],
    ["/a/{tmp:6}", /has no length/],
    ["/a/{hex:}", /from 1 to 128/],
    ["/a/{hex:0}", /from 1 to 128/],
    ["/a/{hex:08}", /from 1 to 128/],
    ["/a/{hex:129}", /from 1 to 128/],
    ["/a/{hex:1e1}", /from 1 to 128/],
    ["/a/{id}", /needs a length/],
    ["/a/{n}{n}", /followed by another hole/],
    ["/a/{tmp}{hex:4}", /followed by another hole/],
    ["/a/{n}0", /may stand for itself/],
    ["/a/{hex}fe", /may stand for itself/],
    ["/a/{tmp}_", /may stand for itself/],
    ["/a/{time}1", /may stand for itself/],
    ["/a/{name}.x", /nothing may follow/],
    ["/a/{name}{n}", /nothing may follow/],
    ["/a/{path}/x", /must be last/],
    ["/a/x{path}", /whole components/],
    ["/a/{n}\0", /NUL/],
    ["/a/\udc80{n}", /not well-formed/],
    [`/${"a/".repeat(200)}{n}`, /more than 128 components/],
    [`/${"{n}.".repeat(40)}`, /more than 32 pieces/],
    [`/${"a".repeat(5000)}{n}`, /more than 4096 characters/],
  ];
  for (const [text, why] of wrong) {
    it(`is refused with a reason: ${JSON.stringify(text).slice(0, 40)}`, () => {
      assert.throws(() => parseTemplate(text), { code: "BAD_TEMPLATE", message: why });
    });
  }

  it("is shown quoted when it is wrong", () => {
    assert.throws(() => parseTemplate("/a\u202e\n"), {
      message: /"\/a\\u\{202e\}\\n" is no template/,
    });
  });
});

describe("what a name becomes", () => {
  it("has an empty component in front of the first one with a hole", () => {
    const forms = [
      ["/srv/app/cache/{hex:40}/index.{n}.js", "/srv/app/cache//{hex:40}/index.{n}.js"],
      ["/{n}", "//{n}"],
      ["build-{n}", "/build-{n}"],
      ["../x/{n}/{n}", "../x//{n}/{n}"],
      ["@a-{tmp}", "\0/a-{tmp}"],
      ["/srv/run-{n}/", "/srv//run-{n}"],
    ] as const;
    for (const [text, form] of forms) assert.equal(rewrittenForm(parseTemplate(text)), form);
  });

  it("is another one for each template", () => {
    fc.assert(
      fc.property(anyTemplate, anyTemplate, (a, b) => {
        const same = printTemplate(a) === printTemplate(b);
        assert.equal(rewrittenForm(a) === rewrittenForm(b), same);
      }),
      { numRuns: 1000 },
    );
  });
});
