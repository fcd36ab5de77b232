// SPDX-License-Identifier: Apache-2.0
// Listens for a verifier: on loopback or at a unix socket. It has no TLS: what stands in front of it has.
import { once } from "node:events";
import { lstatSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { quote } from "../../base/quote.ts";
import { HEAD_MS, MAX_CONNECTIONS, REQUEST_MS } from "../limits.ts";
import type { VerifierApp } from "./app.ts";
import { ServiceError } from "./errors.ts";

/** Where to listen. */
export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

const LOOPBACK: readonly string[] = ["127.0.0.1", "::1", "localhost"];
const TCP = /^(?:\[([0-9a-f:]+)\]|([^:]+)):(\d{1,5})$/;

/** `127.0.0.1:PORT`, `[::1]:PORT` or `unix:PATH`. @throws ServiceError NO_SERVICE */
export function parseListen(text: string): ListenAddress {
  if (text.startsWith("unix:") && text.length > "unix:".length) {
    return { kind: "unix", path: text.slice("unix:".length) };
  }
  const found = TCP.exec(text);
  const host = found?.[1] ?? found?.[2] ?? "";
  const port = Number(found?.[3] ?? Number.NaN);
  if (found === null || !(port <= 65_535)) {
    throw new ServiceError(
      "NO_SERVICE",
      `--listen takes 127.0.0.1:PORT, [::1]:PORT or unix:PATH, not ${quote(text, 120)}`,
    );
  }
  if (LOOPBACK.includes(host)) return { kind: "tcp", host, port };
  throw new ServiceError(
    "NO_SERVICE",
    `${quote(host, 80)} is not this machine's loopback: the verifier has no TLS, so let a proxy that has it stand in front`,
  );
}

export interface RunningVerifier {
  /** As people would write it. */
  readonly address: string;
  close(): Promise<void>;
}

/** @throws ServiceError NO_SERVICE: it can not listen there */
export async function serveVerifier(
  app: VerifierApp,
  where: ListenAddress,
): Promise<RunningVerifier> {
  const listener = getRequestListener(
    (request, bindings) => app.fetch(request, bindings as HttpBindings),
    { overrideGlobalObjects: false },
  );
  const server = createServer(
    { headersTimeout: HEAD_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: HEAD_MS },
    (request, response) => {
      void listener(request, response);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  if (where.kind === "unix") await clearSocket(where.path);
  await listen(server, where);
  return {
    address: addressOf(server, where),
    close: async () => {
      server.close();
      server.closeAllConnections();
      if (where.kind === "unix") rmSync(where.path, { force: true });
      await Promise.resolve();
    },
  };
}

async function listen(server: Server, where: ListenAddress): Promise<void> {
  // for its owner and group: whoever may ask is for who runs it to say
  const mask = where.kind === "unix" ? process.umask(0o117) : undefined;
  if (where.kind === "unix") server.listen({ path: where.path });
  else server.listen({ host: where.host, port: where.port });
  try {
    await once(server, "listening");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const place = where.kind === "unix" ? where.path : `${where.host}:${where.port}`;
    const problem = `can not listen at ${quote(place)} (${quote(code, 80)})`;
    throw new ServiceError("NO_SERVICE", problem, { cause });
  } finally {
    if (mask !== undefined) process.umask(mask);
  }
}

/** A socket that a killed verifier left; one that answers is not taken away. @throws ServiceError NO_SERVICE */
async function clearSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new ServiceError("NO_SERVICE", `${quote(path)} is there and is no socket`);
  }
  const answers = await new Promise<boolean>((done) => {
    const probe = connect(path, () => {
      probe.destroy();
      done(true);
    });
    probe.on("error", () => done(false));
  });
  if (answers) throw new ServiceError("NO_SERVICE", `somebody serves at ${quote(path)} already`);
  rmSync(path, { force: true });
}

function addressOf(server: Server, where: ListenAddress): string {
  if (where.kind === "unix") return `unix:${where.path}`;
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : where.port;
  return `http://${where.host.includes(":") ? `[${where.host}]` : where.host}:${port}`;
}
