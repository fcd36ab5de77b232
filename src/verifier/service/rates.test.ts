// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BURST, MAX_ADDRESSES, REQUESTS_A_SECOND } from "../limits.ts";
import { ServiceError } from "./errors.ts";
import { Rates } from "./rates.ts";

const tooMany = (error: unknown) => error instanceof ServiceError && error.code === "TOO_MANY";

describe("rates", () => {
  it("let an address ask so many times at once, and then so many a second", () => {
    let now = 0;
    const rates = new Rates(() => now);
    const takes = (count: number): void => {
      for (let i = 0; i < count; i++) rates.take("a");
      assert.throws(() => rates.take("a"), tooMany);
    };
    takes(BURST);
    now += 1_000;
    takes(REQUESTS_A_SECOND);
    now += 3_600_000;
    takes(BURST);
    rates.take("b");
  });

  it("remember so many addresses, and those last that have asked of late", () => {
    let now = 0;
    const rates = new Rates(() => now);
    for (let i = 0; i < MAX_ADDRESSES; i++) rates.take(`${i}`);
    assert.throws(() => rates.take("one more"), tooMany);
    rates.take("0");
    now += (BURST / REQUESTS_A_SECOND) * 1_000;
    rates.take("one more");
  });
});
