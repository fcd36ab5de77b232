// SPDX-License-Identifier: Apache-2.0
// What tests of servers need: a free port, and a client outside the workload.
import { get } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { Running } from "./workplace.ts";

const DEADLINE_MS = 30_000;
const POLL_MS = 20;

/** A port of 127.0.0.1 that nobody listens on. Below the ports that the kernel hands out, which a model does not tell apart. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await canListen(port)) return port;
  }
  throw new Error("no free port between 20000 and 30000");
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => {
      const { port: bound } = server.address() as AddressInfo;
      server.close(() => resolve(bound === port));
    });
  });
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request on a connection of its own. */
export function fetchFrom(port: number, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get({ host: "127.0.0.1", port, path, agent: false }, (response) => {
      const status = response.statusCode ?? 0;
      text(response).then((body) => resolve({ status, body }), reject);
    });
    request.once("error", reject);
  });
}

/** Waits until a server of this run answers, or the run has ended. */
export async function untilAnswering(running: Running, port: number): Promise<void> {
  let over = false;
  void running.ended.then(() => {
    over = true;
  });
  const deadline = performance.now() + DEADLINE_MS;
  while (!over && performance.now() < deadline) {
    if (await isListening(port)) return;
    await pause(POLL_MS);
  }
  throw new Error(over ? "the server ended" : `nobody answers on port ${port}`);
}

async function isListening(port: number): Promise<boolean> {
  // a probe that connects would be an event of the server: whether the port can still be taken tells as much
  return !(await canListen(port));
}
