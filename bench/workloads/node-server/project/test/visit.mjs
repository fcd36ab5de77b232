// SPDX-License-Identifier: Apache-2.0
// The application on a port of its own with data of its own, and a client.
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { startServer } from "../server.mjs";

export function visit(port = 0) {
  let server;
  let folder;
  return {
    async open() {
      folder = await mkdtemp(join(tmpdir(), "notes-"));
      server = await startServer(port, folder);
    },
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
    ask(method, path, body) {
      return new Promise((resolve, reject) => {
        const to = { host: "127.0.0.1", port: server.address().port, path, method, agent: false };
        const asked = request(to, (response) => {
          text(response).then(
            (said) => resolve({ status: response.statusCode, body: said }),
            reject,
          );
        });
        asked.once("error", reject);
        asked.end(body);
      });
    },
  };
}
