// SPDX-License-Identifier: Apache-2.0
// The HTTP server of the workload bench. Usage: http-server.mjs PORT-FILE. GET /quit ends it.
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";

const body = JSON.stringify({ hello: "world", items: Array.from({ length: 20 }, (_, i) => i) });

const server = createServer((request, response) => {
  if (request.url === "/quit") {
    response.setHeader("connection", "close");
    response.end("bye\n");
    server.close();
    server.closeIdleConnections();
    return;
  }
  response.setHeader("content-type", "application/json");
  response.end(body);
});

server.listen(0, "127.0.0.1", () => {
  writeFileSync(process.argv[2], String(server.address().port));
});
