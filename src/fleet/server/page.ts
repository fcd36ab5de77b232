// SPDX-License-Identifier: Apache-2.0
// The console as files, /healthz and /ca.pem. Only files that were there at the start are served, by their names: no path of a request is ever
// one of the file system.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { sql } from "kysely";
import { builtFile } from "../../native/built-file.ts";
import type { FleetHealth } from "../../wire/api/index.ts";
import type { FleetContext, FleetPart } from "./context.ts";
import type { FleetApp } from "./http.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
};
/** Their names change with what is in them. */
const HASHED = /^\/assets\//;
const HEALTH_MS = 2_000;

export const pagePart: FleetPart = {
  name: "console",
  start: async (context) => {
    const { app } = context.http;
    app.get("/healthz", async (c) => {
      const health = await healthOf(context);
      return c.json(health, health.status === "ok" ? 200 : 503);
    });
    app.get("/ca.pem", (c) =>
      c.body(context.places.ca, 200, { "content-type": "application/x-pem-file" }),
    );
    addFiles(app, join(builtFile("web"), "fleet"));
    return { close: async () => undefined };
  },
};

/** What this server stands or falls with, tried now. */
async function healthOf({ bus, store, version }: FleetContext): Promise<FleetHealth> {
  const asked = sql`select 1`.execute(store.db).then(() => true as const);
  const late = new Promise<false>((done) => setTimeout(done, HEALTH_MS, false).unref());
  const isStored = await Promise.race([asked, late]).catch(() => false);
  const parts = {
    database: isStored ? "ok" : "failing",
    bus: bus.isConnected ? "ok" : "failing",
  } as const;
  const isGood = Object.values(parts).every((each) => each === "ok");
  return { status: isGood ? "ok" : "failing", version, parts };
}

function addFiles(app: FleetApp, folder: string): void {
  const files = new Map(filesBelow(folder).map((path) => [path, join(folder, path)]));
  app.get("*", async (c, next) => {
    const path = c.req.path === "/" ? "/index.html" : c.req.path;
    const file = files.get(path);
    if (file === undefined) {
      if (path !== "/index.html") return next();
      const words = "The console is not built here: npm run build. The API is at /api/v1.\n";
      return c.text(words, 200);
    }
    const type = TYPES[extname(path)] ?? "application/octet-stream";
    const caching = HASHED.test(path) ? "public, max-age=31536000, immutable" : "no-cache";
    return c.body(readFileSync(file), 200, { "content-type": type, "cache-control": caching });
  });
}

/** "/index.html", "/assets/..." */
function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(?:map|d\.ts)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length));
}
