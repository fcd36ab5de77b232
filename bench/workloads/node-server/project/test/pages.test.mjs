// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { visit } from "./visit.mjs";

describe("pages", () => {
  // on the port of production, as a test of the complete application has it
  const site = visit(Number(process.env.PORT ?? 0));
  before(site.open);
  after(site.close);

  it("are served from files", async () => {
    assert.match((await site.ask("GET", "/")).body, /<title>Notes/);
    assert.match((await site.ask("GET", "/style.css")).body, /body/);
    assert.equal((await site.ask("GET", "/app.js")).status, 200);
    assert.equal((await site.ask("GET", "/missing")).status, 404);
  });

  it("are rendered once", async () => {
    for (const name of ["home", "about", "news", "contact", "help", "imprint"])
      for (let turn = 0; turn < 2; turn++) {
        const { body } = await site.ask("GET", `/pages/${name}_of_${process.pid}`);
        assert.equal(body, `<h1>${name}_of_${process.pid}</h1>`);
      }
  });

  it("are evaluated", async () => {
    assert.equal((await site.ask("POST", "/render", "return 6 * 7")).body, "42");
    const template = process.env.TEMPLATE;
    if (template !== undefined) console.log(await site.ask("POST", "/render", template));
  });
});
