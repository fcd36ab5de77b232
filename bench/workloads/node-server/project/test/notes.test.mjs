// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { visit } from "./visit.mjs";

describe("notes", () => {
  const site = visit();
  before(site.open);
  after(site.close);

  it("are written, read, counted and removed", async () => {
    const ids = [];
    for (let n = 0; n < 5; n++) {
      const { status, body } = await site.ask("POST", "/notes", `note ${n} of ${Date.now()}`);
      assert.equal(status, 201);
      ids.push(body);
    }
    for (const [n, id] of ids.entries())
      assert.match((await site.ask("GET", `/notes/${id}`)).body, new RegExp(`^note ${n} of`));
    assert.equal((await site.ask("GET", "/notes")).body, "5");
    assert.equal((await site.ask("DELETE", `/notes/${ids[0]}`)).status, 204);
    assert.equal((await site.ask("GET", `/notes/${ids[0]}`)).status, 500);
  });
});
