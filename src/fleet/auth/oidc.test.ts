// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { exportJWK, SignJWT, UnsecuredJWT } from "jose";
import { openStore } from "../store/index.ts";
import type { FleetStore } from "../store/index.ts";
import { OIDC_LOGIN_MS } from "./limits.ts";
import { Oidc, userOf } from "./oidc.ts";

const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
let folder: string;
let store: FleetStore;
let service: Server;
let issuer: string;
let oidc: Oidc;
let clock = Date.now();
/** What the service says otherwise than it should. */
let lie: Readonly<Record<string, unknown>> = {};
let signature: "own" | "other" | "none" = "own";
/** What the fleet has asked for. */
let asked = new URLSearchParams();

async function idToken(): Promise<string> {
  const seconds = Math.floor(Date.now() / 1_000);
  const claims = {
    ...{
      iss: issuer,
      aud: "fleet",
      sub: "17",
      nonce: asked.get("nonce"),
      iat: seconds,
      exp: seconds + 60,
    },
    ...{ preferred_username: "Eve", name: "Eve E.", groups: ["ops", "all"], ...lie },
  };
  if (signature === "none") return new UnsecuredJWT(claims).encode();
  const { privateKey } = signature === "own" ? own : other;
  return new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: "1" }).sign(privateKey);
}

async function answer(path: string): Promise<unknown> {
  if (path === "/jwks") {
    return { keys: [{ ...(await exportJWK(own.publicKey)), kid: "1", alg: "ES256", use: "sig" }] };
  }
  if (path === "/token") {
    return { access_token: "x", token_type: "bearer", expires_in: 60, id_token: await idToken() };
  }
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  };
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "galgo-oidc-"));
  store = await openStore({ url: "sqlite:", dataRoot: folder });
  service = createServer((request, response) => {
    request.resume();
    void answer(request.url ?? "").then((body) => {
      response.setHeader("content-type", "application/json");
      response.setHeader("connection", "close");
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((go) => service.listen(0, "127.0.0.1", go));
  issuer = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const config = { name: "id", issuer, clientId: "fleet", url: "https://fleet.example" };
  const terms = {
    scope: "openid",
    claim: "groups",
    roles: { ops: "operator", all: "viewer" },
  } as const;
  oidc = new Oidc({ ...config, ...terms }, store, () => clock);
});
after(async () => {
  await new Promise((done) => service.close(done));
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  lie = {};
  signature = "own";
});

/** Begins a login, and returns what the service sends the browser back with. */
async function begun(): Promise<{ readonly query: string; readonly state: string }> {
  const { url, state } = await oidc.begin();
  asked = new URL(url).searchParams;
  return { query: `code=abc&state=${state}`, state };
}

describe("a login at another service", () => {
  it("asks with PKCE, a state and a nonce, and believes a token that answers them", async () => {
    const { query, state } = await begun();
    assert.equal(asked.get("code_challenge_method"), "S256");
    assert.equal(asked.get("redirect_uri"), "https://fleet.example/api/v1/oidc/callback");
    assert.notEqual(asked.get("nonce"), asked.get("state"));
    assert.deepEqual(await oidc.finish(query, state), {
      issuer,
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
      lie = change;
      const { query, state } = await begun();
      await assert.rejects(oidc.finish(query, state), { code: "BAD_LOGIN" });
    });
  }

  for (const kind of ["other", "none"] as const) {
    it(`whose token has ${kind === "none" ? "no signature" : "one of another key"} is not believed`, async () => {
      signature = kind;
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
