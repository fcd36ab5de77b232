// SPDX-License-Identifier: Apache-2.0
// A load generator: connections that send one request after the other and count the answers.
import { type Socket, connect } from "node:net";

export interface Load {
  readonly port: number;
  readonly connections: number;
  readonly ms: number;
  /** One request for each connection instead of many. */
  readonly reconnect: boolean;
}

/** Answers per second. Rejects when a connection breaks. */
export async function requestsPerSecond(load: Load): Promise<number> {
  const until = performance.now() + load.ms;
  const from = performance.now();
  const clients = Array.from({ length: load.connections }, () =>
    load.reconnect ? reconnecting(load.port, until) : keepAlive(load.port, until),
  );
  const counts = await Promise.all(clients);
  const seconds = (performance.now() - from) / 1_000;
  return counts.reduce((sum, count) => sum + count, 0) / seconds;
}

/** One request on a connection of its own; its whole answer. */
export function request(port: number, path: string): Promise<string> {
  return new Promise((done, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text(path, "close")));
    let answer = "";
    socket.setEncoding("latin1").on("data", (part: string) => {
      answer += part;
    });
    socket.once("error", reject).once("close", () => done(answer));
  });
}

function text(path: string, connection: "keep-alive" | "close"): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: ${connection}\r\n\r\n`;
}

async function reconnecting(port: number, until: number): Promise<number> {
  let count = 0;
  for (; performance.now() < until; count++) await request(port, "/");
  return count;
}

function keepAlive(port: number, until: number): Promise<number> {
  return new Promise((done, reject) => {
    const socket: Socket = connect(port, "127.0.0.1");
    const get = text("/", "keep-alive");
    let count = 0;
    let pending = "";
    socket.setNoDelay().setEncoding("latin1");
    socket.once("connect", () => socket.write(get));
    socket.once("error", reject).once("close", () => done(count));
    socket.on("data", (part: string) => {
      pending += part;
      const size = answerSize(pending);
      if (size === undefined) return;
      pending = pending.slice(size);
      count++;
      if (performance.now() < until) socket.write(get);
      else socket.destroy();
    });
  });
}

/** Length of the answer that `data` begins with; undefined when it is not complete. */
function answerSize(data: string): number | undefined {
  const end = data.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const length = /content-length: (\d+)/i.exec(data.slice(0, end))?.[1];
  if (length === undefined) throw new Error("an answer without a length");
  const size = end + 4 + Number(length);
  return data.length >= size ? size : undefined;
}
