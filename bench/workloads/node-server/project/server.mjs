// SPDX-License-Identifier: Apache-2.0
// A small web application: static files, notes, uploads, sessions, pages that are rendered once.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { buffer, text } from "node:stream/consumers";
import { openStore } from "./store.mjs";

const PUBLIC = new URL("public/", import.meta.url);
const STATIC = new Map([
  ["/", "index.html"],
  ["/style.css", "style.css"],
  ["/app.js", "app.js"],
]);

const routes = [
  [
    "POST",
    /^\/notes$/,
    async (store, _, request) => [201, await store.addNote(await text(request))],
  ],
  ["GET", /^\/notes\/([0-9a-f-]{36})$/, async (store, [id]) => [200, (await store.note(id)).text]],
  [
    "DELETE",
    /^\/notes\/([0-9a-f-]{36})$/,
    async (store, [id]) => [204, (await store.removeNote(id)) ?? ""],
  ],
  ["GET", /^\/notes$/, async (store) => [200, `${await store.notes()}`]],
  [
    "POST",
    /^\/uploads$/,
    async (store, _, request) => [201, await store.upload(await buffer(request))],
  ],
  [
    "GET",
    /^\/uploads\/([0-9a-f]{64})$/,
    async (store, [digest]) => [200, await store.uploaded(digest)],
  ],
  [
    "POST",
    /^\/login$/,
    async (store, _, request) => [201, await store.startSession(await text(request))],
  ],
  ["GET", /^\/whoami\/([0-9a-f]{40})$/, async (store, [id]) => [200, await store.session(id)]],
  [
    "GET",
    /^\/pages\/(\w+)$/,
    async (store, [name]) => [200, await store.cached(name, () => `<h1>${name}</h1>`)],
  ],
  // a place of injection: a template engine that evaluates what it is given
  [
    "POST",
    /^\/render$/,
    async (_store, _, request) => [200, `${await evaluate(await text(request))}`],
  ],
];

async function evaluate(source) {
  const AsyncFunction = Object.getPrototypeOf(evaluate).constructor;
  return new AsyncFunction("load", source)((name) => import(name));
}

async function answer(store, request) {
  const { method, url } = request;
  const file = method === "GET" ? STATIC.get(url) : undefined;
  if (file !== undefined) return [200, await readFile(new URL(file, PUBLIC))];
  for (const [wanted, shape, handle] of routes) {
    const found = shape.exec(url);
    if (method === wanted && found !== null) return handle(store, found.slice(1), request);
  }
  return [404, "no such page"];
}

/** Starts the application on a port of 127.0.0.1 (0: any), with its data in `folder`. */
export async function startServer(port, folder) {
  const store = await openStore(folder);
  const server = createServer((request, response) => {
    answer(store, request)
      .catch((error) => [500, `${error.code ?? error.message}`])
      .then(async ([status, body]) => {
        await store.log(`${request.method} ${request.url} ${status}`);
        response.writeHead(status).end(body);
      })
      .catch((error) => response.destroy(error));
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return server;
}
