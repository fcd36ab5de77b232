// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, describe, it, mock } from "node:test";
import { Live } from "./live.ts";

/** What a browser has, as far as it is used: told what happens by the test. */
class Stream extends EventTarget {
  static readonly CLOSED = 2;
  static readonly made: Stream[] = [];
  readyState = 1;

  constructor() {
    super();
    Stream.made.push(this);
  }

  close(): void {
    this.readyState = Stream.CLOSED;
  }

  happen(name: string): void {
    this.dispatchEvent(new Event(name));
  }
}

describe("news of the server", () => {
  const usual = Object.getOwnPropertyDescriptor(globalThis, "EventSource");
  before(() => {
    Object.defineProperty(globalThis, "EventSource", { value: Stream, configurable: true });
    mock.timers.enable({ apis: ["setTimeout"] });
  });
  after(() => {
    mock.timers.reset();
    if (usual !== undefined) Object.defineProperty(globalThis, "EventSource", usual);
    else Reflect.deleteProperty(globalThis, "EventSource");
  });

  it("may have been missed when the stream had to be made anew, and when the server says so", () => {
    const live = new Live();
    let missed = 0;
    live.onMissed(() => {
      missed += 1;
    });
    live.start();
    const [first] = Stream.made;
    first?.happen("open");
    first?.happen("error"); // the browser comes back by itself, and says where it was
    first?.happen("open");
    assert.equal(missed, 0);
    first?.happen("reset");
    assert.equal(missed, 1);
    first?.close();
    first?.happen("error");
    mock.timers.tick(3_000);
    const [, second] = Stream.made;
    assert.equal(missed, 1, "not before it stands");
    second?.happen("open");
    assert.deepEqual([missed, live.status], [2, "open"]);
    second?.happen("error");
    second?.happen("open");
    assert.equal(missed, 2);
    live.stop();
    assert.equal(live.status, "off");
  });
});
