// SPDX-License-Identifier: Apache-2.0
// The client against a device in memory, with a clock of its own: no wait is real.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  aFile,
  anEvent,
  aSyscall,
  DIRECTORY_INODE,
  FILE_INODE,
} from "../../../test/helpers/events.ts";
import { type Manner, SanchoDevice } from "../../../test/helpers/sancho-device.ts";
import { asKernelTells, type SecurityEvent } from "../../event/index.ts";
import { createMapper, createModel } from "../../model/runtime/index.ts";
import { AgentError } from "../agent-errors.ts";
import { createLinkedModel } from "../linked-model.ts";
import type { LinkTransport } from "../link/link-client.ts";
import type { ModelAgent } from "../model-agent.ts";
import { nodeHasher } from "../node-hasher.ts";
import { createSanchoAgent, type SanchoEvents } from "./sancho-agent.ts";
import { coefficientIn, MAX_FRAME_BYTES, verdictIn } from "./replies.ts";
import { SanchoClient } from "./sancho-client.ts";

const TIMES = { settleMs: 2_000, deadlineMs: 4_000, longDeadlineMs: 30_000 };
const hasher = nodeHasher("sha256");
const mapper = createMapper(hasher, "quixote-2025");

interface Wire {
  readonly transport: LinkTransport;
  readonly now: () => number;
  /** Bytes that come unasked. */
  say(bytes: Uint8Array): void;
}

/** @param piece bytes that come at once, at most */
function wireTo(device: Pick<SanchoDevice, "take">, piece = 7): Wire {
  let came = Buffer.alloc(0);
  let clock = 0;
  const transport: LinkTransport = {
    write: (bytes) => {
      came = Buffer.concat([came, device.take(bytes)]);
    },
    read: (waitMs) => {
      if (came.length === 0) {
        clock += waitMs;
        return undefined;
      }
      clock += 1;
      const part = came.subarray(0, piece);
      came = came.subarray(piece);
      return part;
    },
    close: () => undefined,
  };
  const say = (bytes: Uint8Array): void => {
    came = Buffer.concat([came, bytes]);
  };
  return { transport, now: () => clock, say };
}

function agentOf(
  device: SanchoDevice,
  events: SanchoEvents = "flat",
): ModelAgent & Pick<Wire, "say"> {
  const { transport, now, say } = wireTo(device);
  const agent = createSanchoAgent({ transport, now, times: TIMES, name: "the device" }, events);
  return Object.assign(agent, { say });
}

function open(name: string): SecurityEvent {
  return asKernelTells(anEvent("file_open", { file: aFile(name) }));
}

function verdict(agent: ModelAgent, event: SecurityEvent): boolean {
  const found = agent.update(mapper.coefficient(event), event);
  assert.ok("valid" in found);
  return found.valid;
}

describe("a Sancho device as the place of a model", () => {
  for (const events of ["flat", "json"] as const) {
    for (const sizeT of [4, 8] as const) {
      it(`has the state of the plain model: events ${events}, size_t of ${sizeT} bytes`, () => {
        const agent = agentOf(new SanchoDevice(sizeT), events);
        const local = createModel({ hasher });
        const model = createLinkedModel(local, agent, "new");
        model.setBase("5a".repeat(32));
        model.load(mapper.coefficient(open("/loaded")));
        for (const name of ["/a", "/b c", "/a", "/loaded"]) {
          assert.equal(model.update(mapper.coefficient(open(name)), open(name)).valid, true);
        }
        model.seal();
        for (const _ of [1, 2]) {
          assert.equal(model.update(mapper.coefficient(open("/c")), open("/c")).valid, false);
        }
        assert.equal(model.state(), local.state());
        assert.equal(model.measurement(), local.measurement());
        assert.deepEqual(agent.counts(), { points: 4, invalid: 1, verdicts: 4 });
      });
    }
  }

  it("is told of hooks without parameters by their name, where a text has no spelling", () => {
    const dentry = { inode: FILE_INODE, path: { pathname: "/a, b" } };
    const event = anEvent("inode_unlink", { dir: DIRECTORY_INODE, dentry });
    assert.equal(verdict(agentOf(new SanchoDevice()), event), true);
    const odd = { ...open("/a"), process: "a}, {b\0" } as SecurityEvent;
    assert.equal(verdict(agentOf(new SanchoDevice()), odd), true);
  });

  it("gives no verdict on what it can not be told, with advice", () => {
    const agent = agentOf(new SanchoDevice());
    const refused = {
      code: "REFUSED",
      message: /can not be told of this event: .*events=json has more/,
    };
    assert.throws(() => verdict(agent, open("/a, b")), refused);
    assert.equal(verdict(agentOf(new SanchoDevice(), "json"), open("/a, b")), true);
    assert.throws(() => agent.update("ab".repeat(32)), {
      code: "REFUSED",
      message: /takes events/,
    });
    assert.throws(() => agent.update("", aSyscall("userfaultfd", [])), { code: "REFUSED" });
  });

  it("is told to reset when it has a model, and refused when it keeps it", () => {
    const device = new SanchoDevice();
    verdict(agentOf(device), open("/a"));
    device.asked.length = 0;
    agentOf(device);
    assert.deepEqual(device.asked, [
      "show measurement",
      "reset",
      "show measurement",
      "show coefficients",
    ]);
    verdict(agentOf(device), open("/a"));
    const take = device.take.bind(device);
    device.take = (bytes) => (Buffer.from(bytes).includes("reset") ? Buffer.alloc(0) : take(bytes));
    assert.throws(() => agentOf(device), { code: "REFUSED", message: /has a model already/ });
  });

  for (const [manner, code, message] of [
    ["silent", "LATE", /gave no answer to export in time/],
    ["garbage", "REFUSED", /a frame of \d+ bytes/],
    ["other-pid", "REFUSED", /has answered .* to export/],
  ] as const satisfies readonly (readonly [Manner, string, RegExp])[]) {
    it(`gives no verdict any more after one that is none: ${manner}`, () => {
      const device = new SanchoDevice();
      const agent = agentOf(device);
      verdict(agent, open("/a"));
      device.manner = manner;
      assert.throws(() => verdict(agent, open("/b")), { code, message });
      device.manner = "honest";
      assert.throws(() => verdict(agent, open("/a")), { code, message });
      assert.throws(() => agent.state(), { code });
    });
  }

  it("does not release what Galgo's own copy has not", () => {
    const device = new SanchoDevice();
    const model = createLinkedModel(createModel({ hasher }), agentOf(device), "new");
    model.seal();
    device.manner = "released";
    const event = open("/a");
    assert.throws(() => model.update(mapper.coefficient(event), event), { code: "DISAGREES" });
  });

  it("is not believed when it says something unasked", () => {
    const agent = agentOf(new SanchoDevice());
    verdict(agent, open("/a"));
    agent.say(Buffer.from("\0\0\0\x0bRELEASE 10\0", "latin1"));
    assert.throws(() => verdict(agent, open("/b")), { code: "REFUSED", message: /not asked for/ });
  });
});

describe("the client of a Sancho device", () => {
  const client = (device: Pick<SanchoDevice, "take">, piece?: number): SanchoClient => {
    const { transport, now } = wireTo(device, piece);
    return new SanchoClient({ transport, now, times: TIMES, name: "the device" });
  };

  it("never releases and never hangs, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        (bytes, piece) => {
          const device = { take: () => Buffer.from(bytes) };
          const ask = (): unknown => client(device, piece).ask("export x", (p) => verdictIn(p, 7));
          assert.throws(ask, AgentError);
          let listed: readonly unknown[] = [];
          try {
            listed = client(device, piece).list("show coefficients", coefficientIn);
          } catch (error) {
            assert.ok(error instanceof AgentError);
          }
          assert.deepEqual(listed, []);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("waits no longer than its deadline for one who sends a byte now and then", () => {
    let clock = 0;
    const said = [0, 0, 0, 200];
    const transport: LinkTransport = {
      write: () => undefined,
      read: (waitMs) => {
        if (waitMs === 0) return undefined;
        clock += 900;
        return Buffer.from([said.shift() ?? 65]);
      },
      close: () => undefined,
    };
    const one = new SanchoClient({ transport, now: () => clock, times: TIMES, name: "the device" });
    assert.throws(() => one.ask("seal", () => true), { code: "LATE" });
    assert.ok(clock <= TIMES.deadlineMs + 900);
  });

  it("sends no more than a frame holds", () => {
    const device = new SanchoDevice();
    assert.throws(() => client(device).tell("x".repeat(MAX_FRAME_BYTES)), { code: "REFUSED" });
    client(device).tell("x".repeat(MAX_FRAME_BYTES - 1));
    assert.equal(device.asked.length, 1);
  });

  it("says GONE when it was closed", () => {
    const one = client(new SanchoDevice());
    one.close();
    assert.throws(() => one.tell("seal"), { code: "GONE" });
  });
});
