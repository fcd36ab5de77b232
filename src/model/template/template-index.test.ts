// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyMatch, anyTemplate, USER } from "../../../test/helpers/any-template.ts";
import { MAX_REMEMBERED_NAMES } from "../limits.ts";
import { matchesTemplate } from "./match.ts";
import { compareTemplates } from "./order.ts";
import { parseTemplate, printTemplate, rewrittenForm, type Template } from "./template.ts";
import { TemplateIndex } from "./template-index.ts";

const indexOf = (...texts: readonly string[]): TemplateIndex => new TemplateIndex(texts);

/** What the index finds, found by trying one template after the other. */
function slowly(templates: readonly Template[], name: string): string | undefined {
  const [best] = templates
    .filter((template) => matchesTemplate(template, name, USER))
    .sort(compareTemplates);
  return best === undefined ? undefined : rewrittenForm(best);
}

describe("an index of templates", () => {
  it("finds what trying them all finds, in whatever order they are given, once and again", () => {
    const set = fc.array(anyMatch, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(set, fc.array(anyMatch, { maxLength: 2 }), (made, others) => {
        const templates = made.map(({ template }) => template);
        const texts = templates.map(printTemplate);
        const index = new TemplateIndex(texts);
        const reversed = new TemplateIndex([...texts].reverse());
        for (const { name } of [...made, ...others, ...made]) {
          const expected = slowly(templates, name);
          assert.equal(index.rewrite(name, USER), expected ?? index.rewrite(name, USER));
          assert.equal(reversed.rewrite(name, USER), index.rewrite(name, USER));
          if (expected === undefined && !name.includes("{"))
            assert.equal(index.rewrite(name, USER), name);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("gives no name what only names that match become", () => {
    const names = fc.oneof(
      fc.string({
        unit: fc.constantFrom("/", "{", "}", "n", ":", "a", "x", "\0", "."),
        maxLength: 14,
      }),
      fc
        .constantFrom("", "/", "//", "///", "////")
        .chain((end) => anyTemplate.map((template) => rewrittenForm(template) + end)),
    );
    fc.assert(
      fc.property(
        fc.array(anyTemplate, { minLength: 1, maxLength: 4 }),
        names,
        names,
        (set, a, b) => {
          const index = new TemplateIndex([...set.map(printTemplate), "/a/{n}", "x-{n}"]);
          const forms = new Set(
            [...set, parseTemplate("/a/{n}"), parseTemplate("x-{n}")].map(rewrittenForm),
          );
          const all = [...set, parseTemplate("/a/{n}"), parseTemplate("x-{n}")];
          const [x, y] = [a, b].map((name) => index.rewrite(name, USER));
          for (const [name, after] of [
            [a, x],
            [b, y],
          ] as const)
            assert.equal(forms.has(after ?? ""), slowly(all, name) !== undefined);
          // two names become one only when both match
          if (a !== b && x === y)
            assert.ok(slowly(all, a) !== undefined && slowly(all, b) !== undefined);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("lets the most literal template act", () => {
    const index = indexOf(
      "/srv/app/{path}",
      "/srv/app/{name}",
      "/srv/app/x-{tmp}",
      "/srv/app/x-{n}",
      "/srv/app/x-{n}.js",
      "/srv/{name}/x-1.js",
    );
    const found = (name: string): string => index.rewrite(name, USER);
    assert.equal(found("/srv/app/x-1.js"), "/srv/app//x-{n}.js");
    assert.equal(found("/srv/app/x-123456"), "/srv/app//x-{n}");
    assert.equal(found("/srv/app/x-abcdef"), "/srv/app//x-{tmp}");
    assert.equal(found("/srv/app/y"), "/srv/app//{name}");
    assert.equal(found("/srv/app/y/z"), "/srv/app//{path}");
    assert.equal(found("/srv/other/x-1.js"), "/srv//{name}/x-1.js");
    assert.equal(found("/srv/app"), "/srv/app");
  });

  it("goes back where a literal leads nowhere", () => {
    const index = indexOf("/a/b/c/{n}", "/a/{name}/d/{n}", "/a/{tmp}/e/{n}");
    assert.equal(index.rewrite("/a/b/d/1", USER), "/a//{name}/d/{n}");
    assert.equal(index.rewrite("/a/abcdef/e/1", USER), "/a//{tmp}/e/{n}");
    assert.equal(index.rewrite("/a/b/e/1", USER), "/a/b/e/1");
  });

  it("asks for the process each time that its number counts", () => {
    const index = indexOf("/run/app.{pid}", "/run/app.{pid}/{n}", "/run/x-{n}");
    for (const [pid, after] of [
      [7, "/run//app.{pid}"],
      [8, "/run/app.7"],
      [7, "/run//app.{pid}"],
    ] as const)
      assert.equal(index.rewrite("/run/app.7", { pid }), after);
    assert.equal(index.rewrite("/run/app.7", { pid: 9, tgid: 7 }), "/run//app.{pid}");
    assert.ok(index.dependsOnUser("/run/app.7"));
    assert.equal(index.rewriteForAll("/run/app.7"), undefined);
    assert.ok(!index.dependsOnUser("/run/x-7"));
    assert.equal(index.rewriteForAll("/run/x-7"), "/run//x-{n}");
    assert.equal(index.rewriteForAll("/run/y"), "/run/y");
  });

  it("remembers names within a limit, and none longer than the kernel has", () => {
    const index = indexOf("/a/{n}");
    for (let i = 0; i < MAX_REMEMBERED_NAMES * 2.5; i++)
      assert.equal(index.rewrite(`/a/${i}`, USER), "/a//{n}");
    const long = `/a/${"1".repeat(10_000)}`;
    assert.equal(index.rewrite(long, USER), long);
  });

  it("tells names apart that are not UTF-8", () => {
    const index = indexOf("/srv/data/{name}", "/srv/é{n}");
    assert.equal(index.rewrite("/srv/data/\udc80", USER), "/srv/data//{name}");
    assert.equal(index.rewrite("/srv/\udcc3\udca9\udc80", USER), "/srv/\udcc3\udca9\udc80");
    assert.equal(index.rewrite("/srv/é1", USER), "/srv//é{n}");
  });
});

describe("a template of a directory", () => {
  const index = indexOf("/srv/{hex:8}/", "/srv/{hex:8}/objects/{hex:2}/", "/srv/{hex:8}/log.{n}");
  const becomes = (name: string, form: string): void =>
    assert.equal(index.rewrite(name, USER), form);

  it("acts on the directory and on what is below it, of which the rest stays", () => {
    becomes("/srv/12345678", "/srv//{hex:8}");
    becomes("/srv/12345678/a/b.txt", "/srv//{hex:8}/a/b.txt");
    becomes("/srv/12345678/a", "/srv//{hex:8}/a");
    becomes("/srv/12345678//{temporary}/a", "/srv//{hex:8}//{{temporary}/a");
  });

  it("leaves names to templates of whole names, and to deeper directories", () => {
    becomes("/srv/12345678/objects/ab/cd", "/srv//{hex:8}/objects/{hex:2}/cd");
    becomes("/srv/12345678/log.7", "/srv//{hex:8}/log.{n}");
    becomes("/srv/12345678/log.7/x", "/srv//{hex:8}/log.7/x");
    becomes("/srv/12345678/log.x", "/srv//{hex:8}/log.x");
  });

  it("does not act on what leads elsewhere or looks like what it makes", () => {
    for (const name of ["/srv/1234567", "/srv/12345678/../x", "/srv"]) becomes(name, name);
    becomes("/srv//{hex:8}/a", "/srv//{hex:8}/a//");
    // a file of such a name is no other file
    becomes("/srv/12345678/log.{n}", "/srv//{hex:8}/log.{{n}");
  });
});

describe("hostile names", () => {
  const pieces = ["{tmp}.", "{hex}-", "{n}:", "{time},", "{id:5}", "{uuid}"];
  const text = `/a/${Array.from({ length: 15 }, (_, i) => pieces[i % pieces.length]).join("x~")}`;

  // one that goes back and tries again would not come to an end here
  it("are read once", () => {
    const templates = [
      text,
      "/a/{n}.{n}.{n}.{n}.{n}.{n}.{n}x",
      "/a/{hex}-{hex}-{hex}-{hex}!",
      "/a/{time}-{time}-{time}!",
    ];
    const index = new TemplateIndex(templates);
    const names = [
      "1".repeat(8000),
      "1.".repeat(4000),
      "a".repeat(8000),
      "deadbeef-".repeat(800),
      "2026-11-21-".repeat(700),
      "/".repeat(8000),
      "a/".repeat(4000),
      `${"{n}".repeat(2000)}////`,
    ];
    for (const name of names) assert.equal(index.rewrite(`/a/${name}`, USER), `/a/${name}`);
  });

  it("find their template among very many in one directory", () => {
    const texts = Array.from({ length: 5000 }, (_, i) => `/srv/app/k${i}-{n}`);
    const index = new TemplateIndex(texts);
    for (let i = 0; i < 5000; i += 499)
      assert.equal(index.rewrite(`/srv/app/k${i}-7`, USER), `/srv/app//k${i}-{n}`);
  });
});
