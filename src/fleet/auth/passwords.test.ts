// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AccessError } from "./access-error.ts";
import { isPassword, keptOf, refusePassword } from "./passwords.ts";
import { csrfOf, digestOf, newId, newSecret, sameSecret } from "./secrets.ts";

describe("a password", () => {
  it("is known by what was kept of it, and no other is", async () => {
    const kept = await keptOf("correct horse battery");
    assert.equal(await isPassword("correct horse battery", kept), true);
    assert.equal(await isPassword("correct horse batterz", kept), false);
    assert.equal(await isPassword("", kept), false);
    assert.equal(kept.includes("correct"), false);
    assert.notEqual(await keptOf("correct horse battery"), kept);
  });

  it("is the same however its letters are composed", async () => {
    const kept = await keptOf("passwort fu\u0308r galgo");
    assert.equal(await isPassword("passwort f\u00fcr galgo", kept), true);
  });

  it("is none of nobody's, nor of what is damaged", async () => {
    assert.equal(await isPassword("correct horse battery", undefined), false);
    assert.equal(await isPassword("correct horse battery", ""), false);
    assert.equal(await isPassword("correct horse battery", "scrypt$1$1$1$a$b"), false);
  });

  it("is looked at a few at a time, and is refused when too many wait", async () => {
    const tries = Array.from({ length: 14 }, async () => isPassword("x", undefined));
    const ends = await Promise.allSettled(tries);
    const refused = ends.filter((end) => end.status === "rejected");
    assert.equal(refused.length, 4);
    for (const { reason } of refused) {
      assert.ok(reason instanceof AccessError);
      assert.equal(reason.code, "BUSY");
    }
    assert.equal(await isPassword("x", undefined), false);
  });

  for (const [password, why] of [
    ["short", /12 to 256/],
    ["x".repeat(257), /12 to 256/],
    ["aaaaaaaaaaaaaaaa", /different/],
    ["this is OLGA's own", /name of its user/],
  ] as const) {
    it(`${password.slice(0, 20)} is not taken`, () => {
      assert.throws(() => refusePassword(password, "olga"), { code: "BAD_PASSWORD", message: why });
    });
  }

  it("of enough characters is taken", () => {
    refusePassword("a b c d e f g", "olga");
  });
});

describe("secrets", () => {
  it("are never the same twice, and ids can be read", () => {
    const secrets = new Set(Array.from({ length: 100 }, newSecret));
    assert.equal(secrets.size, 100);
    const ids = new Set(Array.from({ length: 1_000 }, newId));
    assert.equal(ids.size, 1_000);
    for (const id of ids) assert.match(id, /^[a-z2-7]{26}$/);
  });

  it("have a digest and a second token that do not tell them", () => {
    const secret = newSecret();
    assert.match(digestOf(secret), /^[0-9a-f]{64}$/);
    assert.equal(csrfOf(secret), csrfOf(secret));
    assert.notEqual(csrfOf(secret), csrfOf(newSecret()));
    assert.equal(sameSecret(secret, secret), true);
    assert.equal(sameSecret(secret, `${secret}x`), false);
    assert.equal(sameSecret("", secret), false);
  });
});
