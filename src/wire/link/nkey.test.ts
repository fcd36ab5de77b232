// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createAccount, createOperator, createUser, fromPublic, fromSeed } from "@nats-io/nkeys";
import fc from "fast-check";
import {
  base32,
  bytesOfPublicNkey,
  bytesOfSeedNkey,
  type NkeyKind,
  publicNkey,
  seedNkey,
} from "./nkey.ts";

const MAKERS = { operator: createOperator, account: createAccount, user: createUser } as const;

describe("nkeys as text", () => {
  it("are what the library of NATS writes and reads", () => {
    for (const kind of ["operator", "account", "user"] as const) {
      const pair = MAKERS[kind]();
      const seed = new TextDecoder().decode(pair.getSeed());
      assert.equal(seedNkey(kind, bytesOfSeedNkey(kind, seed)), seed);
      const text = pair.getPublicKey();
      assert.equal(publicNkey(kind, bytesOfPublicNkey(kind, text)), text);
    }
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        assert.equal(
          fromPublic(publicNkey("user", bytes)).getPublicKey(),
          publicNkey("user", bytes),
        );
        const seed = seedNkey("account", bytes);
        assert.deepEqual(
          new TextDecoder().decode(fromSeed(new TextEncoder().encode(seed)).getSeed()),
          seed,
        );
      }),
      { numRuns: 20 },
    );
  });

  it("are read as what they are and as nothing else", () => {
    const bytes = new Uint8Array(32).fill(7);
    const text = publicNkey("user", bytes);
    const kinds: readonly NkeyKind[] = ["operator", "account", "server"];
    for (const kind of kinds) assert.throws(() => bytesOfPublicNkey(kind, text), /no public key/);
    assert.throws(() => bytesOfSeedNkey("user", text), /no private key/);
    for (let at = 0; at < text.length; at++) {
      const changed = text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
      assert.throws(() => bytesOfPublicNkey("user", changed), /no public key/, changed);
    }
    for (const odd of ["", "U", text.toLowerCase(), `${text}A`, text.slice(0, -1), `${text}\n`])
      assert.throws(() => bytesOfPublicNkey("user", odd), /no public key/, odd);
  });

  it("are base32 of RFC 4648", () => {
    const texts = ["", "MY", "MZXQ", "MZXW6", "MZXW6YQ", "MZXW6YTB", "MZXW6YTBOI"];
    for (const [length, text] of texts.entries())
      assert.equal(base32(new TextEncoder().encode("foobar".slice(0, length))), text);
  });
});
