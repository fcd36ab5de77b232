// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HOST_JWT_SECONDS, MAX_REVOCATIONS } from "../limits.ts";
import { type RevokedHost, revocationsOf } from "./revocations.ts";

const NOW = 1_700_000_000_500;
const DAY_MS = HOST_JWT_SECONDS * 1_000;

describe("revocations", () => {
  const host = (key: string, at: number, isDevice = false): RevokedHost => ({ key, at, isDevice });

  it("are told as long as somebody may have credentials, in seconds that none slips through", () => {
    const hosts = [
      host("new", NOW),
      host("old", NOW - 2 * DAY_MS),
      host("device", NOW - 2 * DAY_MS, true),
    ];
    assert.deepEqual(revocationsOf(hosts, NOW), {
      new: 1_700_000_001,
      device: Math.ceil((NOW - 2 * DAY_MS) / 1_000),
    });
    assert.deepEqual(revocationsOf([], NOW), {});
  });

  it("are of everybody when they are too many for one message", () => {
    const many = Array.from({ length: MAX_REVOCATIONS + 1 }, (_, i) => host(`key ${i}`, NOW - i));
    assert.deepEqual(revocationsOf(many, NOW), { "*": 1_700_000_001 });
    assert.equal(Object.keys(revocationsOf(many.slice(1), NOW)).length, MAX_REVOCATIONS);
  });
});
