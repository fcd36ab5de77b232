// SPDX-License-Identifier: Apache-2.0
// The link against the agent as a process, with somebody on the wire between them.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, describe, it } from "node:test";
import { AgentError } from "../agent-errors.ts";
import { createLinkAgent, type LinkAgent } from "../link-agent.ts";
import { parseLocality } from "../locality.ts";
import { readyPlace } from "../places/ready.ts";
import { startTransport } from "../places/start.ts";
import { ANSWER, KIND } from "../protocol.ts";
import { encodeFrame, FrameReader } from "./frame.ts";
import type { LinkTimes, LinkTransport } from "./link-client.ts";
import { sealMessage, sessionKey } from "./session.ts";

const TIMES: LinkTimes = {
  helloMs: 3_000,
  helloEveryMs: 50,
  againMs: 50,
  deadlineMs: 600,
  longDeadlineMs: 2_000,
};
const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** What somebody on the wire makes of bytes from the agent; undefined: nothing arrives. */
type Meddle = (bytes: Uint8Array) => Uint8Array | undefined;

interface Wire {
  /** Of what comes from now on. */
  meddle: Meddle;
  /** Of what is sent from now on. */
  meddleOut: Meddle;
}

function transportTo(place: string): LinkTransport {
  const ready = readyPlace(parseLocality(place));
  assert.ok(ready);
  const transport = startTransport(ready);
  open.push(transport);
  return transport;
}

function linked(key = randomBytes(32)): { agent: LinkAgent; wire: Wire } {
  const inner = transportTo("process");
  const wire: Wire = { meddle: (bytes) => bytes, meddleOut: (bytes) => bytes };
  const transport: LinkTransport = {
    write: (bytes) => {
      const sent = wire.meddleOut(bytes);
      if (sent !== undefined) inner.write(sent);
    },
    read: (waitMs) => {
      const bytes = inner.read(waitMs);
      return bytes === undefined ? undefined : wire.meddle(bytes);
    },
    close: () => inner.close(),
  };
  const now = (): number => performance.now();
  const options = {
    key,
    nonce: randomBytes(16),
    provision: true,
    times: TIMES,
    now,
    name: "the agent",
  };
  return { agent: createLinkAgent({ ...options, transport }), wire };
}

const A = "aa".repeat(32);
const B = "bb".repeat(32);
const INSIDE = { valid: true, added: true };
const OUTSIDE = { valid: false, added: true };

describe("a verdict over the link", () => {
  it("comes although frames are damaged on the way, and nothing is counted twice", () => {
    const { agent, wire } = linked();
    let n = 0;
    const damaged: Meddle = (bytes) => {
      if (++n % 3 !== 0) return bytes;
      const copy = Uint8Array.from(bytes);
      copy[5] = (copy[5] ?? 0) ^ 0x40;
      return copy;
    };
    wire.meddle = damaged;
    wire.meddleOut = damaged;
    const seen = Array.from({ length: 30 }, () => randomBytes(32).toString("hex"));
    for (const one of seen) assert.deepEqual(agent.update(one), INSIDE);
    wire.meddle = wire.meddleOut = (bytes) => bytes;
    assert.deepEqual(agent.counts(), { points: 30, invalid: 0, verdicts: 30 });
    assert.ok(agent.faults.again > 0);
  });

  it("comes although frames are lost on the way", () => {
    const { agent, wire } = linked();
    let n = 0;
    wire.meddle = (bytes) => (++n % 2 === 0 ? undefined : bytes);
    agent.load(Array.from({ length: 1_000 }, () => randomBytes(32).toString("hex")));
    agent.seal();
    assert.deepEqual(agent.update(A), OUTSIDE);
    wire.meddle = (bytes) => bytes;
    assert.deepEqual(agent.counts(), { points: 1_001, invalid: 1, verdicts: 1 });
  });

  it("is not taken when it is forged, and the true one is waited for", () => {
    const { agent, wire } = linked();
    agent.seal();
    const forged = sealMessage(
      { kind: KIND.update | ANSWER, sequence: 2, payload: Uint8Array.of(1) },
      randomBytes(32),
    );
    wire.meddle = (bytes) => Buffer.concat([encodeFrame(forged), bytes]);
    assert.deepEqual(agent.update(A), OUTSIDE);
    assert.equal(agent.faults.forged, 1);
  });

  it("is none when only a forged one comes", () => {
    const { agent, wire } = linked();
    agent.seal();
    const forged = sealMessage(
      { kind: KIND.update | ANSWER, sequence: 2, payload: Uint8Array.of(1) },
      randomBytes(32),
    );
    wire.meddle = () => encodeFrame(forged);
    assert.throws(() => agent.update(A), { code: "LATE", message: /not authentic/ });
  });

  it("is none when an older one is played back for it", () => {
    const { agent, wire } = linked();
    let kept: Uint8Array | undefined;
    wire.meddle = (bytes) => (kept = Uint8Array.from(bytes));
    assert.deepEqual(agent.update(A), INSIDE);
    const old = kept;
    agent.seal();
    wire.meddle = () => old;
    assert.throws(() => agent.update(B), { code: "LATE" });
  });

  it("is none when our own words come back", () => {
    const { agent, wire } = linked();
    let sent: Uint8Array | undefined;
    wire.meddleOut = (bytes) => {
      sent = Uint8Array.from(bytes);
      return bytes;
    };
    wire.meddle = () => sent;
    assert.throws(() => agent.update(A), { code: "LATE" });
  });

  it("is none of another session, with the same key", () => {
    const key = randomBytes(32);
    const one = linked(key);
    const other = linked(key);
    let kept: Uint8Array | undefined;
    one.wire.meddle = (bytes) => (kept = Uint8Array.from(bytes));
    assert.deepEqual(one.agent.update(A), INSIDE);
    other.agent.seal();
    other.wire.meddle = () => kept;
    assert.throws(() => other.agent.update(B), { code: "LATE" });
  });

  it("is none when the agent ends, at once", () => {
    const { agent } = linked();
    open.at(-1)?.close();
    assert.throws(() => agent.update(A), { code: "GONE" });
  });
});

/** An agent with the key that answers what nobody has asked yet, once, and then nothing. */
function hasty(key: Uint8Array): LinkTransport {
  const frames = new FrameReader(8_192);
  const nonce = randomBytes(16);
  const sent: Uint8Array[] = [];
  let session = key;
  const answer = (kind: number, sequence: number, payload: Uint8Array): void => {
    const from = kind === KIND.hello ? key : session;
    sent.push(encodeFrame(sealMessage({ kind: kind | ANSWER, sequence, payload }, from)));
  };
  const greet = (host: Uint8Array): void => {
    session = sessionKey(key, host, nonce);
    const facts = Uint8Array.of(1, 0, 1, 0, 0, 0, 4, 1);
    answer(KIND.hello, 0, Buffer.concat([facts, nonce, host]));
  };
  const take = (message: Uint8Array): void => {
    const [, kind, sequence] = message;
    if (kind === KIND.hello) greet(message.subarray(10, 26));
    if (kind !== KIND.update || sequence !== 1) return;
    for (const number of [2, 3, 1]) answer(KIND.update, number, Uint8Array.of(1));
  };
  return {
    write: (bytes) => frames.take(bytes).forEach(take),
    read: () => (sent.length === 0 ? undefined : Buffer.concat(sent.splice(0))),
    close: () => undefined,
  };
}

describe("an answer to what was not asked yet", () => {
  it("is none, also when whoever gives it has the key, and is not kept", () => {
    const key = randomBytes(32);
    const nonce = randomBytes(16);
    const now = (): number => performance.now();
    const transport = hasty(key);
    const options = { key, nonce, transport, now, times: TIMES, name: "the agent" };
    const agent = createLinkAgent({ ...options, provision: false });
    assert.deepEqual(agent.update(A), { valid: true, added: false });
    assert.throws(() => agent.update(B), { code: "LATE" });
  });
});

describe("an agent", () => {
  it("with a key takes no other", () => {
    const transport = transportTo("process");
    const now = (): number => performance.now();
    const options = {
      nonce: randomBytes(16),
      times: { ...TIMES, helloMs: 300 },
      now,
      name: "the agent",
    };
    const key = randomBytes(32);
    createLinkAgent({ ...options, key, transport, provision: true });
    const other = { ...options, nonce: randomBytes(16), key: randomBytes(32), transport };
    assert.throws(() => createLinkAgent({ ...other, provision: true }), { code: "LATE" });
    const again = createLinkAgent({
      ...options,
      key,
      nonce: randomBytes(16),
      transport,
      provision: false,
    });
    assert.deepEqual(again.update(A), INSIDE);
  });

  it("drops whatever is no message, and answers the next one", () => {
    const { agent } = linked();
    const inner = open.at(-1) as LinkTransport;
    for (let i = 0; i < 200; i++) inner.write(randomBytes(1 + ((i * 37) % 5_000)));
    inner.write(Uint8Array.of(0));
    assert.deepEqual(agent.update(A), INSIDE);
    assert.deepEqual(agent.counts(), { points: 1, invalid: 0, verdicts: 1 });
  });

  it("that is full says so, and has no state any more", () => {
    const { agent } = linked();
    const all = Array.from({ length: agent.capacity }, (_, i) => i.toString(16).padStart(64, "0"));
    agent.load(all);
    assert.throws(
      () => agent.load([A]),
      (error) => error instanceof AgentError && error.code === "FULL",
    );
    assert.deepEqual(agent.update(A), { none: "full" });
    assert.deepEqual(agent.update(all[7] ?? ""), { valid: true, added: false });
    assert.throws(() => agent.state(), { code: "FULL" });
    agent.reset();
    assert.match(agent.state(), /^[0-9a-f]{64}$/);
  });
});
