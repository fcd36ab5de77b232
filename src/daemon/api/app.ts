// SPDX-License-Identifier: Apache-2.0
// The HTTP API as a table of routes. What it says is in types.ts and in the OpenAPI document (openapi.ts).
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { quote } from "../../base/quote.ts";
import type { Peer } from "../../native/unix-socket.ffi.ts";
import { parseAttestOrder } from "../../orchestrator/attest/index.ts";
import { type SignatureRequirement, validPoints } from "../../orchestrator/index.ts";
import { ApiError } from "../errors.ts";
import { MAX_REQUEST_BYTES } from "../limits.ts";
import type { ManagedRun } from "../registry/managed-run.ts";
import type { Registry } from "../registry/registry.ts";
import { requireOperator, requireOwner } from "./access.ts";
import { askerOf } from "./asker.ts";
import { parseAttachOrder, parseControlOrder } from "./bodies.ts";
import { type Caller, requireSame } from "./caller.ts";
import type { ApiExtensions } from "./extensions.ts";
import { requireOutsider } from "./insiders.ts";
import { openApiDocument } from "./openapi.ts";
import { problemOf, problemResponse } from "./problem.ts";
import { recordLines } from "./records.ts";
import { ASKER_HEADER } from "./types.ts";
import type {
  DaemonHealth,
  DaemonVersion,
  WorkloadCoefficients,
  WorkloadList,
  WorkloadPointCounts,
  WorkloadPoints,
} from "./types.ts";

export interface ApiParts {
  readonly version: string;
  readonly started: Date;
  readonly registry: Registry;
  readonly extensions: ApiExtensions;
  /** Whose signature models have to carry; undefined: none is demanded. */
  requirement(): SignatureRequirement | undefined;
  /** No new workloads are taken any more. */
  stopping(): boolean;
  /** Reads the configuration again. @throws DaemonError BAD_CONFIG */
  reload(): Promise<void>;
  /** An error that is no refusal. */
  onError(error: unknown): void;
  /** Who is at the other end of a connection. @throws ApiError NOT_ALLOWED */
  callerOf(bindings: HttpBindings): Caller;
}

type Env = { readonly Bindings: HttpBindings; readonly Variables: { readonly peer: Peer } };
type Call = Context<Env>;
export type ApiApp = Hono<{ Bindings: HttpBindings; Variables: { peer: Peer } }>;

export function createApp(parts: ApiParts): ApiApp {
  const app: ApiApp = new Hono();
  app.use(async (c, next) => {
    requireUsual(c);
    const caller = parts.callerOf(c.env);
    c.set("peer", caller);
    if (c.req.method !== "GET") {
      const runs = parts.registry.list();
      requireSame(caller);
      requireOutsider(caller, runs);
      const asker = c.req.header(ASKER_HEADER);
      if (asker !== undefined) requireOutsider(askerOf(asker, caller), runs);
    }
    await next();
  });
  app.notFound((c) => problemResponse(problemOf(noRoute(c))));
  app.onError((error) => {
    const body = problemOf(error);
    if (body.status === 500) parts.onError(error);
    return problemResponse(body);
  });
  addDaemon(app, parts);
  addWorkloads(app, parts);
  addOrders(app, parts);
  return app;
}

function noRoute({ req }: Pick<Call, "req">): ApiError {
  return new ApiError("NOT_FOUND", `there is no ${req.method} ${quote(req.path)}`);
}

/** Node does not read more than was announced; without an announcement there is no body. @throws ApiError NOT_FOUND, BAD_REQUEST */
function requireUsual(c: Call): void {
  const { req } = c;
  // HEAD would be answered as GET, and what the answer opens be read by nobody
  if (req.method !== "GET" && req.method !== "POST") throw noRoute(c);
  if (req.header("transfer-encoding") !== undefined)
    throw new ApiError("BAD_REQUEST", "a request says how long its body is (Content-Length)");
  if (Number(req.header("content-length") ?? 0) > MAX_REQUEST_BYTES)
    throw new ApiError("BAD_REQUEST", `a request has at most ${MAX_REQUEST_BYTES} bytes`);
}

function addDaemon(app: ApiApp, parts: ApiParts): void {
  const { version, started, registry, extensions } = parts;
  app.get("/v1/health", (c) => {
    const source = parts.requirement()?.source;
    return c.json({
      status: parts.stopping() ? "stopping" : "ready",
      pid: process.pid,
      version,
      started: started.toISOString(),
      workloads: registry.list().length,
      ...(source === undefined ? {} : { modelsSignedFor: source }),
    } satisfies DaemonHealth);
  });
  app.get("/v1/version", (c) => c.json({ version, api: "v1" } satisfies DaemonVersion));
  app.get("/v1/fleet", (c) => {
    if (extensions.fleet === undefined) throw notServed("fleet");
    return c.json(extensions.fleet());
  });
  app.get("/openapi.json", (c) => c.json(openApiDocument(version)));
  app.get("/metrics", async () => {
    if (extensions.metrics === undefined) throw notServed("metrics");
    const { contentType, text } = await extensions.metrics();
    return new Response(text, { headers: { "content-type": contentType } });
  });
}

function notServed(what: string): ApiError {
  return new ApiError("NOT_SERVED", `this daemon serves no ${what}`);
}

function addWorkloads(app: ApiApp, { registry }: ApiParts): void {
  const found = (c: Call): ManagedRun => registry.find(c.req.param("id") ?? "");
  const own = (c: Call): ManagedRun => {
    const run = found(c);
    requireOwner(c.get("peer"), run);
    return run;
  };
  app.get("/v1/workloads", (c) =>
    c.json({ workloads: registry.list().map((run) => run.status()) } satisfies WorkloadList),
  );
  app.get("/v1/workloads/:id", (c) => c.json(found(c).status()));
  app.get("/v1/workloads/:id/points", (c) =>
    c.json({ points: own(c).points() } satisfies WorkloadPoints),
  );
  app.get("/v1/workloads/:id/coefficients", (c) =>
    c.json({ coefficients: validPoints(own(c).points()) } satisfies WorkloadCoefficients),
  );
  app.get("/v1/workloads/:id/counts", (c) =>
    c.json({ counts: validCounts(own(c).points()) } satisfies WorkloadPointCounts),
  );
  app.get("/v1/workloads/:id/model", (c) => jsonResponse(own(c).model()));
  for (const kind of ["trajectory", "forensics"] as const)
    app.get(`/v1/workloads/:id/${kind}`, (c) => linesResponse(c, own(c), kind));
}

/** In the order of `validPoints`. */
function validCounts(points: ReturnType<ManagedRun["points"]>): number[] {
  return points.flatMap(({ count, valid }) => (valid ? [count] : []));
}

function jsonResponse(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/json" } });
}

/** JSON lines; `?from=N` leaves out the first N, `?follow=1` goes on until the workload has ended. */
function linesResponse(c: Call, run: ManagedRun, kind: "trajectory" | "forensics"): Response {
  const from = c.req.query("from") ?? "0";
  const follow = c.req.query("follow") ?? "0";
  if (!/^\d{1,15}$/.test(from)) throw new ApiError("BAD_REQUEST", "from: a number of records");
  if (!/^[01]$/.test(follow)) throw new ApiError("BAD_REQUEST", "follow: 0 or 1");
  const aborted = new AbortController();
  const lines = recordLines({
    path: run.directory[kind],
    from: Number(from),
    ...(follow === "1" ? { until: run.ended } : {}),
    signal: aborted.signal,
  });
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await lines.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      aborted.abort();
      await lines.return(undefined);
    },
  });
  return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
}

function addOrders(app: ApiApp, parts: ApiParts): void {
  const { registry, extensions } = parts;
  app.post("/v1/workloads/:id/control", async (c) => {
    const run = registry.find(c.req.param("id"));
    requireOwner(c.get("peer"), run);
    await run.control(parseControlOrder(await c.req.text()));
    return c.json(run.status());
  });
  app.post("/v1/workloads/:id/kill", (c) => {
    const run = registry.find(c.req.param("id"));
    const peer = c.get("peer");
    requireOwner(peer, run);
    run.kill(`asked for by user ${peer.uid} over the API`);
    return c.json(run.status(), 202);
  });
  app.post("/v1/workloads/:id/attest", async (c) => {
    // first: the workload may end while the order comes
    const text = await c.req.text();
    const run = registry.find(c.req.param("id"));
    requireOwner(c.get("peer"), run);
    const order = parseAttestOrder(text);
    if (extensions.attest === undefined)
      throw notServed("evidence: its configuration names no key ([attest] key)");
    return c.json(await extensions.attest(run, order));
  });
  app.post("/v1/attach", async (c) => {
    const peer = c.get("peer");
    requireOperator(peer);
    if (extensions.attach === undefined) throw notServed("attach");
    return c.json(await extensions.attach(parseAttachOrder(await c.req.text()), peer), 201);
  });
  app.post("/v1/reload", async (c) => {
    requireOperator(c.get("peer"));
    await parts.reload();
    return c.json({ reloaded: true });
  });
}
