// SPDX-License-Identifier: Apache-2.0
// docs/getting-started.md, followed literally (page.ts says how).
import { describe, it } from "node:test";
import { follow } from "./page.ts";
import { lacks, USERS, Workplace } from "./workplace.ts";

for (const user of USERS) {
  describe(`the page "Getting started", followed as ${user.name}`, () => {
    it("does what it says", (t) => {
      if (lacks(t, "git")) return;
      follow("docs/getting-started.md", new Workplace(t, user), user);
    });
  });
}
