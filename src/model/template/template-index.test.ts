// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyMatch, anyTemplate, USER } from "../../../test/helpers/any-template.ts";
import { MAX_REMEMBERED_NAMES } from "../limits.ts";
import { matchesTemplate } from "./match.ts";
import { compareTemplates } from "./order.ts";
import {
  parseTemplate,
  printTemplate,
  restForm,
  rewrittenForm,
  type Template,
} from "./template.ts";
import { TemplateIndex } from "./template-index.ts";

const indexOf = (...texts: readonly string[]): TemplateIndex => new TemplateIndex(texts);

/** What the index finds, found by trying one template after the other. */
function slowly(templates: readonly Template[], name: string): string | undefined {
  const [best] = templates
    .filter((template) => matchesTemplate(template, name, USER))
    .sort(compareTemplates);
  if (best === undefined) return undefined;
  const parts = name.slice(best.root.length).split("/");
  const rest = parts.slice(best.components.length).map((part) => `/${part}`);
  return rewrittenForm(best) + (best.below === true ? restForm(rest.join("")) : "");
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
          assert.equal(index.path(name, USER), slowly(templates, name) ?? name);
          assert.equal(reversed.path(name, USER), index.path(name, USER));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("gives no text what only names that match become", () => {
    const own = ["/a/{n}", "x-{n}", "/a/{n}/", "/d/{hex:1}/", "/d/{tmp}/x/{n}", "@x{n}/"].map(
      parseTemplate,
    );
    const rest = fc.constantFrom("", "/", "//", "/a", "/{n}", "/{{n}", "/x/1");
    const texts = fc.oneof(
      fc.string({
        unit: fc.constantFrom("/", "{", "}", "n", ":", "a", "d", "x", "-", "1", "\0", "."),
        maxLength: 12,
      }),
      fc
        .tuple(fc.oneof(anyTemplate, fc.constantFrom(...own)), rest, fc.boolean())
        .map(
          ([t, end, doubled]) => (doubled ? restForm(rewrittenForm(t)) : rewrittenForm(t)) + end,
        ),
      fc
        .tuple(fc.constantFrom("/a/1", "/a/2", "/d/1", "/d/abcdef", "\0x1"), rest)
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(fc.array(anyTemplate, { maxLength: 3 }), texts, texts, (more, a, b) => {
        const set = [...more, ...own];
        const index = new TemplateIndex(set.map(printTemplate));
        if (a !== b && index.text(a, USER) === index.text(b, USER))
          assert.ok([a, b].every((text) => slowly(set, text) !== undefined));
      }),
      { numRuns: 3000 },
    );
  });

  it("doubles the { of texts that no template matches", () => {
    const index = indexOf("/a/{n}");
    assert.equal(index.text("/a//{n}", USER), "/a//{{n}");
    assert.equal(index.text("/a//{{n}", USER), "/a//{{{{n}");
    assert.equal(index.text("/a/7", USER), "/a//{n}");
    assert.equal(index.path("/proc/{pid}/maps", USER), "/proc/{pid}/maps");
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
    const found = (name: string): string => index.path(name, USER);
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
    assert.equal(index.path("/a/b/d/1", USER), "/a//{name}/d/{n}");
    assert.equal(index.path("/a/abcdef/e/1", USER), "/a//{tmp}/e/{n}");
    assert.equal(index.path("/a/b/e/1", USER), "/a/b/e/1");
  });

  it("asks for the process each time that its number counts", () => {
    const index = indexOf("/run/app.{pid}", "/run/app.{pid}/{n}", "/run/x-{n}");
    for (const [pid, after] of [
      [7, "/run//app.{pid}"],
      [8, "/run/app.7"],
      [7, "/run//app.{pid}"],
    ] as const)
      assert.equal(index.path("/run/app.7", { pid }), after);
    assert.equal(index.path("/run/app.7", { pid: 9, tgid: 7 }), "/run//app.{pid}");
    assert.equal(index.pathForAll("/run/app.7"), undefined);
    assert.equal(index.pathForAll("/run/x-7"), "/run//x-{n}");
    assert.equal(index.pathForAll("/run/y"), "/run/y");
  });

  it("remembers names within a limit, and none longer than the kernel has", () => {
    const index = indexOf("/a/{n}");
    for (let i = 0; i < MAX_REMEMBERED_NAMES * 2.5; i++)
      assert.equal(index.path(`/a/${i}`, USER), "/a//{n}");
    const long = `/a/${"1".repeat(10_000)}`;
    assert.equal(index.path(long, USER), long);
  });

  it("tells names apart that are not UTF-8", () => {
    const index = indexOf("/srv/data/{name}", "/srv/é{n}");
    assert.equal(index.path("/srv/data/\udc80", USER), "/srv/data//{name}");
    assert.equal(index.path("/srv/\udcc3\udca9\udc80", USER), "/srv/\udcc3\udca9\udc80");
    assert.equal(index.path("/srv/é1", USER), "/srv//é{n}");
  });
});

describe("a template of a directory", () => {
  const index = indexOf("/srv/{hex:8}/", "/srv/{hex:8}/objects/{hex:2}/", "/srv/{hex:8}/log.{n}");
  const becomes = (name: string, form: string): void => assert.equal(index.path(name, USER), form);

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
    assert.equal(index.text("/srv//{hex:8}/a", USER), "/srv//{{hex:8}/a");
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
    for (const name of names) assert.equal(index.path(`/a/${name}`, USER), `/a/${name}`);
  });

  it("find their template among very many in one directory", () => {
    const texts = Array.from({ length: 5000 }, (_, i) => `/srv/app/k${i}-{n}`);
    const index = new TemplateIndex(texts);
    for (let i = 0; i < 5000; i += 499)
      assert.equal(index.path(`/srv/app/k${i}-7`, USER), `/srv/app//k${i}-{n}`);
  });
});
