// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { deferred } from "../../base/deferred.ts";
import { AttestError } from "./errors.ts";
import { MAX_ORDER_BYTES } from "./limits.ts";
import type { AttestAnswer, AttestOrder } from "./order.ts";
import { askRun, serveAttest } from "./socket.ts";

const ORDER: AttestOrder = { nonce: "00112233445566ff", form: "jwt" };
const ANSWER: AttestAnswer = { form: "jwt", evidence: "a.b.c" };

function folder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "galgo-attest-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  // longer than any socket's path may be
  const deep = join(root, "a".repeat(80), "b".repeat(80));
  mkdirSync(deep, { recursive: true });
  return deep;
}

async function serving(
  t: TestContext,
  attest: (order: AttestOrder) => Promise<AttestAnswer>,
): Promise<string> {
  const place = folder(t);
  const socket = await serveAttest(place, attest);
  t.after(() => socket.close());
  return place;
}

/** What is answered to bytes that no client of ours sends. */
async function answerTo(place: string, bytes: string): Promise<string> {
  const fd = openSync(place, "r");
  const socket = connect(`/proc/self/fd/${fd}/attest.sock`);
  socket.end(bytes);
  return text(socket);
}

function isNoAnswer(part: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof AttestError && error.code === "NO_ANSWER" && part.test(error.message);
}

describe("the socket of a run", () => {
  it("answers orders, wherever its folder is, and is its owner's alone", async (t) => {
    const orders: AttestOrder[] = [];
    const place = await serving(t, (order) => {
      orders.push(order);
      return Promise.resolve(ANSWER);
    });
    assert.equal(statSync(join(place, "attest.sock")).mode & 0o777, 0o600);
    const all = await Promise.all([askRun(place, ORDER), askRun(place, { ...ORDER, form: "cwt" })]);
    assert.deepEqual(all, [ANSWER, ANSWER]);
    assert.deepEqual(new Set(orders.map(({ form }) => form)), new Set(["jwt", "cwt"]));
  });

  it("says why there is no evidence", async (t) => {
    const why = new AttestError("BUSY", "others wait \u001b[31malready");
    const place = await serving(t, () => Promise.reject(why));
    await assert.rejects(askRun(place, ORDER), /^AttestError: others wait \?\[31malready$/);
  });

  it("refuses what is no order, and goes on", async (t) => {
    const place = await serving(t, () => Promise.resolve(ANSWER));
    assert.match(await answerTo(place, "GET / HTTP/1.1\r\n\r\n"), /"error":"the order is no JSON/);
    assert.match(await answerTo(place, `${"x".repeat(MAX_ORDER_BYTES + 1)}\n`), /sent more than/);
    assert.match(await answerTo(place, '{"nonce"'), /has closed the connection/);
    assert.deepEqual(await askRun(place, ORDER), ANSWER);
  });

  it("is taken away when it is closed, and who waits hears of it", async (t) => {
    const place = folder(t);
    const asked = deferred<void>();
    const socket = await serveAttest(place, () => {
      asked.resolve();
      return new Promise(() => undefined);
    });
    const waiting = assert.rejects(askRun(place, ORDER), isNoAnswer(/may have ended/));
    await asked.promise;
    socket.close();
    await waiting;
    assert.equal(existsSync(join(place, "attest.sock")), false);
    await assert.rejects(askRun(place, ORDER), isNoAnswer(/start it with galgo run --attest-key/));
  });

  it("of nobody is no answer", async (t) => {
    await assert.rejects(askRun(folder(t), ORDER), isNoAnswer(/gives no evidence/));
    await assert.rejects(askRun("/nowhere", ORDER), /can not open the folder/);
  });
});
