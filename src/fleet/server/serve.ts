// SPDX-License-Identifier: Apache-2.0
// A server of the fleet from its options to its end.
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { quote } from "../../base/quote.ts";
import { SERVER_FILE } from "../client/index.ts";
import { FleetStartError } from "../errors.ts";
import { privateFolder, writePrivate } from "../keys/files.ts";
import { type FleetKeys, openFleetKeys } from "../keys/fleet-keys.ts";
import { defaultNames, type FleetTls, openTls } from "../keys/tls.ts";
import { CERTIFICATE_CHECK_MS, HEAD_MS, MAX_HTTP_CONNECTIONS, REQUEST_MS } from "../limits.ts";
import { openStore } from "../store/index.ts";
import { type BusPlace, openBusPlace } from "./bus-place.ts";
import { type FleetContext, type FleetPart, newServices, type RunningPart } from "./context.ts";
import { createFleetHttp, type FleetApp } from "./http.ts";
import { type Endpoint, type FleetOptions, urlHost } from "./options.ts";
import { PARTS } from "./parts.ts";

export interface RunningFleet {
  /** https://HOST:PORT */
  readonly url: string;
  readonly context: FleetContext;
  /** Of the nats-server that was started; undefined: another bus is used. */
  readonly busPid: number | undefined;
  close(): Promise<void>;
}

/** What is to be ended, the last one first. */
type Ends = (() => Promise<void>)[];

/**
 * Starts everything; what was started is ended again when something can not be.
 * @param parts for tests of single parts
 * @throws FleetStartError, StoreError, one line that says what to do
 */
export async function startFleet(
  options: FleetOptions,
  parts: readonly FleetPart[] = PARTS,
): Promise<RunningFleet> {
  const ends: Ends = [];
  const end = async (): Promise<void> => {
    for (let close = ends.pop(); close !== undefined; close = ends.pop()) {
      await close().catch((error: unknown) =>
        options.tell("error", `at the end: ${String(error)}`),
      );
    }
  };
  try {
    const running = await start(options, parts, ends);
    return { ...running, close: end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function start(
  options: FleetOptions,
  parts: readonly FleetPart[],
  ends: Ends,
): Promise<Omit<RunningFleet, "close">> {
  const dataRoot = privateFolder(options.dataRoot);
  const now = Date.now;
  const keys = openFleetKeys(dataRoot, now());
  const names = options.names ?? defaultNames(options.listen.host);
  const tls = openTls(keys, names, options.tls, now());
  const store = await openStore({ url: options.db, dataRoot });
  ends.push(() => store.close());
  const place = await openBusPlace({ options, keys, tls, names, store, now });
  ends.push(() => place.close());
  const services = newServices();
  const context: FleetContext = {
    version: options.version,
    options,
    dataRoot,
    keys,
    tls,
    store,
    bus: place.bus,
    places: place.places,
    services,
    http: createFleetHttp({
      guard: services.guard,
      adminToken: keys.adminToken,
      onError: (error, path) => options.tell("error", `at ${quote(path, 200)}: ${wordsOf(error)}`),
    }),
    now,
    tell: (word, text) => options.tell(word, text),
  };
  for (const part of parts) {
    const running: RunningPart = await part.start(context);
    ends.push(() => running.close());
  }
  const server = await listen(context.http.app, options.listen, tls);
  ends.push(() => closeServer(server));
  ends.push(keepCertificate(server, place, { options, keys, names, tls }));
  const { port } = server.address() as AddressInfo;
  const url = `https://${urlHost(names[0] ?? options.listen.host)}:${port}`;
  // for commands on this machine
  writePrivate(join(dataRoot, SERVER_FILE), `${JSON.stringify({ url, ca: tls.ca })}\n`);
  return { url, context, busPid: place.pid };
}

async function listen(app: FleetApp, where: Endpoint, tls: FleetTls): Promise<Server> {
  const listener = getRequestListener(
    (request, bindings) => app.fetch(request, bindings as HttpBindings),
    { overrideGlobalObjects: false },
  );
  const server = createServer(
    {
      cert: tls.certificate,
      key: tls.key,
      minVersion: "TLSv1.2",
      // who says nothing holds no connection: before TLS, and before a request
      handshakeTimeout: HEAD_MS,
      headersTimeout: HEAD_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: HEAD_MS / 3,
    },
    (request, response) => void listener(request, response),
  );
  server.maxConnections = MAX_HTTP_CONNECTIONS;
  server.listen(where.port, where.host);
  try {
    await once(server, "listening");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const problem = `can not listen at ${where.host}:${where.port} (--listen): ${quote(code, 80)}`;
    throw new FleetStartError("NO_LISTEN", problem, { cause });
  }
  return server;
}

interface ShownTerms {
  readonly options: FleetOptions;
  readonly keys: FleetKeys;
  readonly names: readonly string[];
  readonly tls: FleetTls;
}

/** A certificate that comes to its end is replaced while the server runs, by the fleet's CA or by the site that has written other files. */
function keepCertificate(server: Server, place: BusPlace, terms: ShownTerms): () => Promise<void> {
  const { options, keys, names } = terms;
  let shown = terms.tls.certificate;
  const timer = setInterval(() => {
    try {
      const { certificate, key } = openTls(keys, names, options.tls, Date.now());
      if (certificate === shown) return;
      server.setSecureContext({ cert: certificate, key, minVersion: "TLSv1.2" });
      place.reload();
      shown = certificate;
      options.tell("info", "another certificate is shown from now on");
    } catch (error) {
      options.tell("error", `the certificate stays as it was: ${wordsOf(error)}`);
    }
  }, CERTIFICATE_CHECK_MS);
  timer.unref();
  return async () => clearInterval(timer);
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

/** For the log of the server: with the place where it went wrong. */
function wordsOf(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return quote(text, 2_000);
}
