// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { closeSync } from "node:fs";
import { describe, it } from "node:test";
import { receiveMessage, socketPair } from "../../native/fd-passing.ffi.ts";
import { peerOf } from "../../native/unix-socket.ffi.ts";
import { DaemonPlace } from "../../../test/helpers/daemon-place.ts";
import { LaunchConnection } from "./connection.ts";
import { ModelCache } from "./model-cache.ts";

describe("a connection at the door for galgo run", () => {
  it("is forgotten when its client says nothing", async (t) => {
    const place = new DaemonPlace();
    t.after(() => place.remove());
    const daemon = await place.start();
    t.after(() => daemon.stop("the test is over"));
    const [ours, theirs] = socketPair();
    t.after(() => closeSync(theirs));
    t.mock.timers.enable({ apis: ["setTimeout"] });
    let closed = 0;
    new LaunchConnection(ours, peerOf(ours), {
      context: daemon.context,
      commandLine: { understand: () => ({ alone: "nothing is asked" }) },
      models: new ModelCache(),
      onClosed: () => {
        closed += 1;
      },
    });
    t.mock.timers.tick(60_000);
    t.mock.timers.reset();
    assert.equal(closed, 1);
    assert.equal(receiveMessage(theirs, 1, true)?.bytes.length, 0);
  });
});
