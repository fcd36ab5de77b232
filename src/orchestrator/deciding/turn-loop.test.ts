// SPDX-License-Identifier: Apache-2.0
// Turns of many in one thread, also in the middle of somebody's long work.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Bell } from "../../native/epoll.ffi.ts";
import { pollAll } from "../../native/tsem.ffi.ts";
import type { Served, Turn, Watching } from "../../sensor/served.ts";
import { TurnLoop } from "./turn-loop.ts";
import type { Seat } from "./turn-loop.ts";

/** Wants a turn for each ring of its bell. */
class Rung implements Served {
  readonly bell = new Bell();
  readonly dueInMs = undefined;
  readonly stats = { seen: 0n, held: 0n, lost: 0n };
  /** Of each turn: whether there was anything to do. */
  readonly turns: boolean[] = [];
  readonly #work: () => void;

  constructor(work: () => void = () => undefined) {
    this.#work = work;
  }

  begin(watching: Watching): void {
    watching.watch(this.bell.fd, "input");
  }

  turn(): Turn {
    this.turns.push(pollAll([this.bell.fd], 0)[0] !== 0);
    this.bell.hush();
    this.#work();
    return "idle";
  }

  close(): void {
    this.bell.close();
  }
}

class Unending extends Rung {
  goesOn(): void {
    throw new Error("unwanted");
  }
}

class Unwilling extends Rung {
  override begin(watching: Watching): void {
    super.begin(watching);
    throw new Error("can not begin");
  }
}

describe("turns", () => {
  let orders: Bell;
  let loop: TurnLoop;
  let rings = 0;
  const served: Rung[] = [];
  const said: string[] = [];

  beforeEach(() => {
    orders = new Bell();
    rings = 0;
    loop = new TurnLoop(orders.fd, () => {
      rings += 1;
      orders.hush();
    });
    served.splice(0);
    said.splice(0);
  });

  afterEach(() => {
    loop.close();
    for (const one of [...served, orders]) one.close();
  });

  const seat = <T extends Rung>(one: T, workload: object = one): T => {
    served.push(one);
    const taken: Seat = {
      served: one,
      workload,
      ended: () => said.push("ended"),
      failed: (error) => said.push(String(error)),
      advanced: () => said.push("advanced"),
    };
    loop.add(taken);
    return one;
  };

  const longWork = (): void => loop.longWork();

  it("are not given for what was done in the middle of long work", () => {
    const both = [seat(new Rung(longWork)), seat(new Rung(longWork))];
    for (const one of both) one.bell.ring();
    loop.round(0);
    // a turn with nothing to do would wait in the kernel for a call, and everybody with it
    assert.deepEqual(
      both.map(({ turns }) => turns),
      [[true], [true]],
    );
    both[1]?.bell.ring();
    loop.round(0);
    assert.deepEqual(both[1]?.turns, [true, true]);
  });

  it("of one workload are not given in the middle of each other", () => {
    const workload = {};
    let depth = 0;
    const depths: number[] = [];
    const work = (): void => {
      depths.push(++depth);
      longWork();
      depth -= 1;
    };
    for (let listener = 0; listener < 2; listener += 1) seat(new Rung(work), workload).bell.ring();
    const other = seat(new Rung());
    other.bell.ring();
    for (let round = 0; round < 3; round += 1) loop.round(0);
    assert.deepEqual(depths, [1, 1]);
    assert.deepEqual(other.turns, [true]);
    assert.equal(loop.hasInHand(workload), false);
  });

  it("leave orders time during long work, also of one that is alone", () => {
    seat(new Rung(longWork)).bell.ring();
    loop.round(0);
    assert.equal(rings, 0);
    orders.ring();
    const late = seat(
      new Rung(() => {
        // the look of the first one was a moment ago
        for (const end = performance.now() + 10; performance.now() < end; );
        longWork();
      }),
    );
    late.bell.ring();
    loop.round(0);
    assert.equal(rings, 1);
    assert.equal(loop.round(0), false);
  });

  it("end when nobody wants the work any more; others go on", () => {
    const unending = seat(new Unending(longWork));
    const other = seat(new Rung());
    for (const one of [unending, other]) one.bell.ring();
    for (let round = 0; round < 2; round += 1) loop.round(0);
    assert.deepEqual(said, ["advanced", "Error: unwanted"]);
    assert.deepEqual([...loop.seats].length, 1);
    assert.deepEqual(other.turns, [true]);
  });

  it("are never given to one that could not begin", () => {
    const unwilling = new Unwilling();
    assert.throws(() => seat(unwilling), /can not begin/);
    unwilling.bell.ring();
    loop.round(0);
    assert.deepEqual([unwilling.turns, loop.seats.size], [[], 0]);
  });
});
