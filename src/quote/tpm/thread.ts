// SPDX-License-Identifier: Apache-2.0
// The thread that speaks to a TPM, so that nobody else waits for one: takes coefficients and questions in turn.
import { parentPort, workerData } from "node:worker_threads";
import { TpmError } from "./errors.ts";
import { TpmSession } from "./session.ts";
import type { TpmAnswer, TpmOrder, TpmQuestion, TpmThreadData } from "./thread-protocol.ts";

const data: TpmThreadData = workerData;
let session: TpmSession | undefined;
let last: Promise<void> = Promise.resolve();

parentPort?.on("message", (order: TpmOrder) => {
  if (order.what === "extend") {
    const { coefficients, size } = order;
    inTurn(async () => session?.extend(coefficients, size));
  } else if (order.what === "end") {
    inTurn(() => session?.end());
  } else if (order.what === "close") {
    parentPort?.close();
    void close();
  } else {
    inTurn(() => answer(order));
  }
});

/** What is asked for after something else sees what that has done. */
function inTurn(task: () => Promise<void> | undefined): void {
  last = last.then(task);
}

/** Without waiting for what is under way: that then ends by itself. */
async function close(): Promise<void> {
  await session?.close().catch(() => undefined);
}

async function answer({ id, question, until }: TpmOrder & { what: "ask" }): Promise<void> {
  if (Date.now() > until) return;
  let said: TpmAnswer;
  try {
    const result = await resultOf(question);
    said = { id, ...(result === undefined ? {} : { result }) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof Error && "code" in error ? String(error.code) : "GONE";
    said = { id, problem: { ofTpm: error instanceof TpmError, code, message } };
  }
  parentPort?.postMessage(said);
}

async function resultOf(question: TpmQuestion): Promise<TpmAnswer["result"]> {
  session ??= await TpmSession.open(data);
  switch (question.what) {
    case "open":
      return await session.aggregate();
    case "begin":
      await session.begin();
      return undefined;
    case "prove":
      return await session.prove(question.binding, question.ofRoot);
  }
}
