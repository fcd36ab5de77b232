// SPDX-License-Identifier: Apache-2.0
// galgo show as a console that is interrupted: an orchestrator of Quixote would end its workload if the session were broken off.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { Place } from "./galgo.ts";

const COEFFICIENTS = "000000040a000000";
const END = "00000000";

function frame(payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0, 0, payload.length >> 8, payload.length & 255]), payload]);
}

const entry = (at: number): Buffer => frame(Buffer.from(`${at.toString(16).padStart(64, "0")}\0`));
const number = (count: number): Buffer =>
  frame(Buffer.from([count & 255, count >> 8, 0, 0, 0, 0, 0, 0]));

/** One session of an orchestrator that is led by the test. */
class Orchestrator {
  readonly path: string;
  readonly #connected: Promise<Socket>;
  #received = "";
  #look: () => void = () => undefined;

  constructor(t: TestContext, place: Place) {
    this.path = place.path("wl");
    const server = createServer();
    this.#connected = new Promise((resolve) => {
      server.once("connection", (socket) => {
        socket.on("data", (bytes) => {
          this.#received += bytes.toString("hex");
          this.#look();
        });
        socket.on("end", () => this.#look());
        resolve(socket);
      });
    });
    server.listen(this.path);
    t.after(() => server.close());
  }

  async send(...frames: readonly Buffer[]): Promise<void> {
    (await this.#connected).write(Buffer.concat(frames));
  }

  /** Waits until exactly this has come, as hex. */
  async got(hex: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#look = () => {
        if (this.#received === hex) resolve();
        else if (!hex.startsWith(this.#received)) reject(new Error(`came: ${this.#received}`));
      };
      this.#look();
    });
  }
}

describe("galgo show, asked to end in the middle of an answer", () => {
  it("reads the rest before it ends the session", async (t) => {
    const place = new Place(t);
    const orchestrator = new Orchestrator(t, place);
    const show = place.start(["show", "--quixote-socket", orchestrator.path, "coefficients"]);
    await orchestrator.got(COEFFICIENTS);
    await orchestrator.send(number(3), entry(1));
    await show.says(/^0+1$/m);
    show.process.kill("SIGINT");
    await show.says(/reading the rest of the answer/);
    await orchestrator.got(COEFFICIENTS);
    await orchestrator.send(entry(2), entry(3));
    await orchestrator.got(`${COEFFICIENTS}${END}`);
    const { status, stdout } = await show.ended;
    assert.deepEqual([status, stdout], [130, `${"1".padStart(64, "0")}\n`]);
  });

  it("reads the rest, too, when nobody wants to see it", async (t) => {
    const place = new Place(t);
    const orchestrator = new Orchestrator(t, place);
    const show = place.start(["show", "--quixote-socket", orchestrator.path, "coefficients"]);
    await orchestrator.got(COEFFICIENTS);
    await orchestrator.send(number(3), entry(1));
    await show.says(/^0+1$/m);
    show.process.stdout?.destroy();
    await orchestrator.send(entry(2), entry(3));
    await orchestrator.got(`${COEFFICIENTS}${END}`);
    assert.equal((await show.ended).status, 0);
  });

  it("says what it waits for when another console is served", async (t) => {
    const place = new Place(t);
    const orchestrator = new Orchestrator(t, place);
    const show = place.start(["show", "--quixote-socket", orchestrator.path, "state", "--json"]);
    await show.says(/waiting for the orchestrator: it serves one console at a time/);
    await orchestrator.send(frame(Buffer.alloc(32, 7)));
    const { status, stdout } = await show.ended;
    assert.deepEqual([status, JSON.parse(stdout)], [0, { state: "07".repeat(32) }]);
  });
});
