// SPDX-License-Identifier: Apache-2.0
// docs/attestation.md, followed literally (page.ts says how).
import { describe, it } from "node:test";
import { follow } from "./page.ts";
import { lacks, USER, USERS, Workplace } from "./workplace.ts";

/** Nothing on the page needs a privilege. */
const user = USERS.at(-1) ?? USER;

describe(`the page "Attestation", followed as ${user.name}`, () => {
  it("does what it says", (t) => {
    if (lacks(t, "git")) return;
    follow("docs/attestation.md", new Workplace(t, user), user);
  });
});
