// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { visit } from "./visit.mjs";

describe("uploads and sessions", () => {
  const site = visit();
  before(site.open);
  after(site.close);

  it("are kept by their content", async () => {
    for (let n = 0; n < 4; n++) {
      const content = randomBytes(2000).toString("base64");
      const { body: digest } = await site.ask("POST", "/uploads", content);
      assert.match(digest, /^[0-9a-f]{64}$/);
      assert.equal((await site.ask("GET", `/uploads/${digest}`)).body, content);
    }
  });

  it("know who has logged in", async () => {
    for (const user of ["ada", "grace"]) {
      const { body: session } = await site.ask("POST", "/login", user);
      assert.equal((await site.ask("GET", `/whoami/${session}`)).body, user);
    }
  });
});
