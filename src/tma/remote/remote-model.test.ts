// SPDX-License-Identifier: Apache-2.0
// A model whose outside a fleet is asked about, and the way of a question over a real socket: answers, late ones, wrong ones, none.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { acceptUnix, closeSocket, connectUnix, listenUnix } from "../../native/unix-socket.ffi.ts";
import { AgentError } from "../agent-errors.ts";
import { descriptorTransport } from "../places/descriptor-transport.ts";
import { openDoorTo } from "../places/verdict-door.ts";
import { emptyModel } from "../tma.ts";
import type { AskedModel } from "../linked-model.ts";
import { DoorClient, REST_MS } from "./door-client.ts";
import { type DoorAnswer, doorLine, readDoorHello, readDoorQuestion } from "./door-words.ts";
import { createRemoteModel, REMEMBER_MS } from "./remote-model.ts";

const [INSIDE, ONE, TWO] = ["a", "b", "c"].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
];

interface Asked {
  readonly model: AskedModel;
  readonly questions: string[];
  say: DoorAnswer["verdict"];
  at: number;
}

function sealedModel(): Asked {
  const local = emptyModel({ digest: "sha256", mapping: "tsem-v4" });
  local.load(INSIDE);
  local.seal();
  const asked: Asked = {
    questions: [],
    say: "none",
    at: 0,
    model: createRemoteModel(local, {
      now: () => asked.at,
      door: {
        ask: ({ coefficient }) => {
          asked.questions.push(coefficient);
          return { q: asked.questions.length, verdict: asked.say };
        },
      },
    }),
  };
  return asked;
}

describe("a model whose outside is asked about", () => {
  it("asks nobody about what is inside, nor before it is sealed", () => {
    const asked = sealedModel();
    assert.deepEqual(asked.model.update(INSIDE), { added: false, valid: true });
    const open = createRemoteModel(emptyModel({ digest: "sha256", mapping: "tsem-v4" }), {
      now: () => 0,
      door: { ask: () => assert.fail("was asked") },
    });
    assert.deepEqual(open.update(ONE), { added: true, valid: true });
    assert.deepEqual(asked.questions, []);
  });

  it("lets pass what is allowed and stays what it was: the behaviour is outside of it", () => {
    const asked = sealedModel();
    asked.say = "allow";
    assert.deepEqual(asked.model.update(ONE), { added: true, valid: true });
    assert.deepEqual(asked.model.update(ONE), { added: false, valid: true });
    assert.equal(asked.questions.length, 1, "remembered for a moment");
    assert.equal(asked.model.counts.invalid, 1);
    assert.equal(asked.model.has(ONE), false);
  });

  it("asks again about an allowance after a moment, so that it can be taken back", () => {
    const asked = sealedModel();
    asked.say = "allow";
    asked.model.update(ONE);
    asked.at = REMEMBER_MS;
    asked.say = "deny";
    // the first time that it is outside: that has a record
    assert.deepEqual(asked.model.update(ONE), { added: true, valid: false, ruling: "deny" });
    assert.deepEqual(asked.model.update(ONE), { added: false, valid: false, ruling: "deny" });
  });

  it("decides by itself where there is no answer", () => {
    const asked = sealedModel();
    assert.deepEqual(asked.model.update(ONE), { added: true, valid: false });
    asked.say = "kill";
    assert.deepEqual(asked.model.update(ONE), { added: false, valid: false, ruling: "kill" });
  });
});

describe("a question over the daemon's door", () => {
  const folder = mkdtempSync(join(tmpdir(), "galgo-verdict-door-"));
  const path = join(folder, "verdict.sock");
  const listener = listenUnix(path, "stream", 4);
  after(() => {
    closeSocket(listener);
    rmSync(folder, { recursive: true });
  });

  const start = { way: "fleet", socket: path, model: INSIDE, run: "r1", name: "app" } as const;

  /** The door's side; `say` is written before the client reads. */
  function opened(
    withinMs: number,
    now?: () => number,
  ): {
    client: DoorClient;
    say: (text: string) => void;
    heard: () => string[];
    close: () => void;
  } {
    const hello = { v: 1, run: "r1", name: "app", model: INSIDE } as const;
    const client =
      now === undefined
        ? openDoorTo({ ...start, withinMs })
        : new DoorClient({
            connect: () => descriptorTransport(connectUnix(path), "the daemon"),
            ...{ hello, withinMs, now },
          });
    const fd = acceptUnix(listener);
    assert.ok(fd !== undefined);
    const side = descriptorTransport(fd, "the client");
    return {
      client,
      say: (text) => side.write(Buffer.from(text)),
      heard: () =>
        Buffer.from(side.read(1_000) ?? "")
          .toString()
          .trimEnd()
          .split("\n"),
      close: () => side.close(),
    };
  }

  const ABOUT = { coefficient: ONE, words: "opens x", pid: 7 };

  it("says who asks, then what; the answer with its number counts", () => {
    const { client, say, heard, close } = opened(1_000);
    say(`{"q":0,"verdict":"kill"}\nnonsense\n{"q":1,"verdict":"yes"}\n`);
    say(doorLine({ q: 1, verdict: "allow" }));
    assert.equal(client.ask(ABOUT).verdict, "allow");
    const [hello = "", question = ""] = heard();
    assert.deepEqual(readDoorHello(hello), { v: 1, run: "r1", name: "app", model: INSIDE });
    assert.deepEqual(readDoorQuestion(question), { q: 1, ...ABOUT, withinMs: 1_000 });
    client.close();
    close();
  });

  it("is not waited for longer than was said, and then not for a while", () => {
    let time = 0;
    const { client, say, heard, close } = opened(50, () => (time += 200));
    assert.deepEqual(client.ask(ABOUT).verdict, "none");
    // late: it is not the answer to the next question
    say(doorLine({ q: 1, verdict: "allow" }));
    say(doorLine({ q: 2, verdict: "none", why: "the fleet is not asked now" }));
    assert.deepEqual(client.ask({ ...ABOUT, coefficient: TWO }).verdict, "none");
    const withins = heard()
      .slice(1)
      .map((line) => readDoorQuestion(line)?.withinMs);
    assert.deepEqual(withins, [50, 0]);
    time += REST_MS;
    say(doorLine({ q: 3, verdict: "deny" }));
    assert.equal(client.ask(ABOUT).verdict, "deny");
    assert.equal(readDoorQuestion(heard()[0] ?? "")?.withinMs, 50);
    client.close();
    close();
  });

  it("has no answer when the daemon is gone, at once, and one when it is back", () => {
    let time = 0;
    const { client, close } = opened(20, () => (time += 100));
    close();
    const answer = client.ask(ABOUT);
    assert.equal(answer.verdict, "none");
    assert.match(answer.why ?? "", /is gone/);
    assert.equal(client.ask(ABOUT).verdict, "none");
    assert.equal(acceptUnix(listener), undefined, "it does not try all the time");
    time += REST_MS;
    assert.equal(client.ask({ ...ABOUT, coefficient: TWO }).verdict, "none");
    const fd = acceptUnix(listener);
    assert.ok(fd !== undefined, "it has connected again");
    closeSocket(fd);
    client.close();
  });

  it("is not begun where no daemon is", () => {
    assert.throws(
      () => openDoorTo({ ...start, socket: join(folder, "none.sock"), withinMs: 1 }),
      (error) => error instanceof AgentError && error.code === "NOT_STARTED",
    );
  });
});
