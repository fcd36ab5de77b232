// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { OidcService } from "../../../test/helpers/oidc-service.ts";
import { openStore } from "../store/index.ts";
import type { FleetStore } from "../store/index.ts";
import { OIDC_LOGIN_MS } from "./limits.ts";
import { Oidc, userOf } from "./oidc.ts";

let folder: string;
let store: FleetStore;
let service: OidcService;
let oidc: Oidc;
let clock = Date.now();
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "galgo-oidc-"));
  store = await openStore({ url: "sqlite:", dataRoot: folder });
  service = await OidcService.start();
  const { issuer } = service;
  const config = { name: "id", issuer, clientId: "fleet", url: "https://fleet.example" };
  const terms = {
    scope: "openid",
    claim: "groups",
    roles: { ops: "operator", all: "viewer" },
  } as const;
  oidc = new Oidc({ ...config, ...terms }, store, () => clock);
});
after(async () => {
  await service.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  service.lie = {};
  service.signature = "own";
});

/** Begins a login, and returns what the service sends the browser back with. */
async function begun(): Promise<{ readonly query: string; readonly state: string }> {
  const { url, state } = await oidc.begin();
  service.asked = new URL(url).searchParams;
  return { query: `code=abc&state=${state}`, state };
}

describe("a login at another service", () => {
  it("asks with PKCE, a state and a nonce, and believes a token that answers them", async () => {
    const { query, state } = await begun();
    assert.equal(service.asked.get("code_challenge_method"), "S256");
    assert.equal(service.asked.get("redirect_uri"), "https://fleet.example/api/v1/oidc/callback");
    assert.notEqual(service.asked.get("nonce"), service.asked.get("state"));
    assert.deepEqual(await oidc.finish(query, state), {
      issuer: service.issuer,
      subject: "17",
      name: "eve",
      shown: "Eve E.",
      role: "operator",
    });
  });

  for (const [what, change] of [
    ["another nonce", { nonce: "another" }],
    ["no nonce", { nonce: undefined }],
    ["another issuer", { iss: "https://evil.example" }],
    ["another client", { aud: "somebody" }],
    ["a time that is over", { iat: 1_000, exp: 2_000 }],
  ] as const) {
    it(`with ${what} is not believed`, async () => {
      service.lie = change;
      const { query, state } = await begun();
      await assert.rejects(oidc.finish(query, state), { code: "BAD_LOGIN" });
    });
  }

  for (const kind of ["other", "none"] as const) {
    it(`whose token has ${kind === "none" ? "no signature" : "one of another key"} is not believed`, async () => {
      service.signature = kind;
      const { query, state } = await begun();
      await assert.rejects(oidc.finish(query, state), { code: "BAD_LOGIN" });
    });
  }

  it("is finished once, in time, by the browser that has begun it", async () => {
    const { query, state } = await begun();
    await assert.rejects(oidc.finish(query, ""), { code: "BAD_LOGIN" });
    await assert.rejects(oidc.finish(query, `${state}x`), { code: "BAD_LOGIN" });
    const strange = query.replace(state, "x".repeat(43));
    await assert.rejects(oidc.finish(strange, "x".repeat(43)), { code: "BAD_LOGIN" });
    await oidc.finish(query, state);
    await assert.rejects(oidc.finish(query, state), { code: "BAD_LOGIN" });
    const late = await begun();
    clock += OIDC_LOGIN_MS;
    await assert.rejects(oidc.finish(late.query, late.state), { code: "BAD_LOGIN" });
  });

  it("gives the role that its claim says, or lets nobody in", () => {
    const terms = { claim: "groups", roles: { ops: "operator", root: "admin" } } as const;
    const who = { iss: "i", sub: "s-1", email: "eve@example.org" };
    assert.equal(userOf({ ...who, groups: ["ops", "root"] }, terms).role, "admin");
    assert.equal(userOf({ ...who, groups: "ops" }, terms).name, "eve@example.org");
    for (const groups of [undefined, [], ["toString"], [1], { ops: 1 }]) {
      assert.throws(() => userOf({ ...who, groups }, terms), { code: "NOT_ALLOWED" });
    }
    const nameless = { iss: "i", sub: "<b>", groups: ["ops"] };
    assert.throws(() => userOf(nameless, terms), { code: "NOT_ALLOWED" });
  });
});
