// SPDX-License-Identifier: Apache-2.0
// /metrics over TCP, for a Prometheus that can not ask a unix socket. Nothing else of the API is reachable there.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { quote } from "../../base/quote.ts";
import { wordsOf } from "../outputs/errors.ts";
import { DaemonError } from "../errors.ts";
import type { MetricsText } from "../api/extensions.ts";
import { listenAddress } from "./config.ts";

/** Connections at a time. */
const MAX_CONNECTIONS = 16;
/** Whoever has not asked by then makes room for others (ms). */
const REQUEST_MS = 10_000;

export interface MetricsListener {
  /** In use. */
  readonly port: number;
  close(): Promise<void>;
}

/** @throws DaemonError BAD_CONFIG when the address can not be listened at */
export async function listenForMetrics(
  address: string,
  text: () => Promise<MetricsText>,
  onError: (error: unknown) => void,
): Promise<MetricsListener> {
  const limits = {
    headersTimeout: REQUEST_MS,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: REQUEST_MS / 2,
  };
  const server = createServer(limits, (request, response) => {
    answer(request, response, text).catch((error: unknown) => {
      onError(error);
      response.writeHead(500).end();
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(listenAddress(address));
  try {
    await once(server, "listening");
  } catch (cause) {
    const message = `[metrics] listen: can not listen at ${quote(address)} (${wordsOf(cause)})`;
    throw new DaemonError("BAD_CONFIG", message, { cause });
  }
  const at = server.address();
  return {
    port: typeof at === "object" && at !== null ? at.port : 0,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  text: () => Promise<MetricsText>,
): Promise<void> {
  request.resume();
  const path = request.url?.split("?", 1)[0];
  if (path !== "/metrics" || (request.method !== "GET" && request.method !== "HEAD")) {
    response.writeHead(404, { "content-type": "text/plain" }).end("only GET /metrics is here\n");
    return;
  }
  const metrics = await text();
  response.writeHead(200, { "content-type": metrics.contentType }).end(metrics.text);
}
