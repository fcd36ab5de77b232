// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CHALLENGE_SECONDS, MAX_ANSWERED, START_SECONDS } from "../limits.ts";
import { Challenges } from "./challenges.ts";
import { ServiceError } from "./errors.ts";

describe("challenges", () => {
  let now = 1_000.5;
  const challenges = new Challenges(() => now);
  const issued = (use: "evidence" | "start", bytes?: number): string =>
    challenges.issue(use, bytes).nonce;

  it("are good for one answer, until they expire", () => {
    const [first, late] = [issued("evidence"), issued("evidence")];
    assert.notEqual(first, late);
    assert.equal(challenges.answer(first), undefined);
    assert.equal(challenges.answer(first), "USED_CHALLENGE");
    now += CHALLENGE_SECONDS * 1_000;
    assert.equal(challenges.answer(first), "USED_CHALLENGE");
    now += 2;
    assert.equal(challenges.answer(late), "EXPIRED_CHALLENGE");
    // what was answered and is forgotten is no more good than it was
    assert.equal(challenges.answered, 0);
    assert.equal(challenges.answer(first), "EXPIRED_CHALLENGE");
  });

  it("to begin with have the size that is asked for, and stay good while the run does", () => {
    for (const bytes of [32, 48, 64]) {
      const nonce = issued("start", bytes);
      assert.equal(nonce.length, 2 * bytes);
      assert.equal(challenges.started(nonce), undefined);
      assert.equal(challenges.started(nonce), undefined);
    }
    const nonce = issued("start");
    now += START_SECONDS * 1_000 + 2;
    assert.equal(challenges.started(nonce), "EXPIRED_CHALLENGE");
  });

  it("are none of another use, another verifier, or with anything changed", () => {
    const [nonce, base] = [issued("evidence"), issued("start")];
    assert.equal(challenges.started(nonce), "UNKNOWN_CHALLENGE");
    assert.equal(challenges.answer(base), "UNKNOWN_CHALLENGE");
    assert.equal(new Challenges(() => now).answer(nonce), "UNKNOWN_CHALLENGE");
    const bytes = Buffer.from(nonce, "hex");
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const other = Buffer.from(bytes);
      other.writeUInt8(other.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      assert.equal(challenges.answer(other.toString("hex")), "UNKNOWN_CHALLENGE", `bit ${bit}`);
    }
    for (const text of ["", "00", nonce.slice(2), `${nonce}0`, nonce.toUpperCase(), "x".repeat(64)])
      assert.equal(challenges.answer(text), "UNKNOWN_CHALLENGE", text);
    assert.equal(challenges.answer(nonce), undefined);
  });

  it("can be asked for by anybody without using them up for others; answers are bounded, and forgotten in time", () => {
    const store = new Challenges(() => now);
    for (let i = 0; i < MAX_ANSWERED; i++) {
      store.issue("start");
      assert.equal(store.answer(store.issue("evidence").nonce), undefined);
    }
    const { nonce } = store.issue("evidence");
    const busy = (error: unknown) => error instanceof ServiceError && error.code === "BUSY";
    assert.throws(() => store.answer(nonce), busy);
    assert.equal(store.answered, MAX_ANSWERED);
    now += CHALLENGE_SECONDS * 1_000 + 2;
    assert.equal(store.answer(store.issue("evidence").nonce), undefined);
    assert.equal(store.answered, 1);
  });
});
