// SPDX-License-Identifier: Apache-2.0
// Serves the API at a unix socket. Who calls is known from the kernel, so nobody needs a password.
import { createServer } from "node:http";
import type { Server } from "node:http";
import { rmSync } from "node:fs";
import type { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { HttpBindings } from "@hono/node-server";
import { type Peer, peerOf } from "../../native/unix-socket.ffi.ts";
import { nameSocket, unusable, workplaceOf } from "../doors/place.ts";
import { ApiError } from "../errors.ts";
import { MAX_API_CONNECTIONS, REQUEST_HEAD_MS } from "../limits.ts";
import type { ApiApp } from "./app.ts";

export interface ApiServer {
  /** Ends at once: streams that are followed, too. */
  close(): void;
}

/** @throws DaemonError NO_SOCKET, NO_DIRECTORY, NOT_ALLOWED */
export async function serveApi(
  app: ApiApp,
  path: string,
  gid: number | undefined,
): Promise<ApiServer> {
  const listener = getRequestListener(
    (request, bindings) => app.fetch(request, bindings as HttpBindings),
    {
      overrideGlobalObjects: false,
    },
  );
  const server = createServer({ headersTimeout: REQUEST_HEAD_MS }, (request, response) => {
    void listener(request, response);
  });
  server.maxConnections = MAX_API_CONNECTIONS;
  // the kernel's answer is asked once for each connection, while it certainly is open
  server.on("connection", (socket: Socket) => rememberPeer(socket));
  const made = workplaceOf(path);
  await listen(server, made);
  nameSocket(made, path, gid);
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
      rmSync(path, { force: true });
    },
  };
}

const peers = new WeakMap<Socket, Peer>();

function rememberPeer(socket: Socket): void {
  // Node has no public way to the descriptor of a socket
  const fd = (socket as { _handle?: { fd?: number } })._handle?.fd;
  if (fd !== undefined && fd >= 0) peers.set(socket, peerOf(fd));
}

/** Who is at the other end of a request's connection. @throws ApiError NOT_ALLOWED */
export function peerOfRequest({ incoming }: HttpBindings): Peer {
  const peer = peers.get(incoming.socket);
  if (peer === undefined) throw new ApiError("NOT_ALLOWED", "it is not known who you are");
  return peer;
}

async function listen(server: Server, path: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    throw unusable(path, error);
  }
}
