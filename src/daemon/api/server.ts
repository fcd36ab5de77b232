// SPDX-License-Identifier: Apache-2.0
// Serves the API at a unix socket. Who calls is known from the kernel, so nobody needs a password.
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { HttpBindings } from "@hono/node-server";
import { peerOf } from "../../native/unix-socket.ffi.ts";
import { listenAt } from "../doors/door.ts";
import { ApiError } from "../errors.ts";
import { MAX_API_CONNECTIONS, REQUEST_HEAD_MS } from "../limits.ts";
import type { ApiApp } from "./app.ts";
import { type Caller, callerOf } from "./caller.ts";

export interface ApiPlace {
  readonly path: string;
  /** Group that may connect besides the owner; undefined: the daemon's own. */
  readonly gid: number | undefined;
  onError(error: unknown): void;
}

export interface ApiServer {
  /** Ends at once: streams that are followed, too. */
  close(): void;
}

/** @param onError hears of connections that could not be taken @throws DaemonError NO_SOCKET, NO_DIRECTORY, NOT_ALLOWED */
export async function serveApi(app: ApiApp, { path, gid, onError }: ApiPlace): Promise<ApiServer> {
  const listener = getRequestListener(
    (request, bindings) => app.fetch(request, bindings as HttpBindings),
    {
      overrideGlobalObjects: false,
    },
  );
  const server = createServer(
    // looked at as often as that, not only every half minute
    { headersTimeout: REQUEST_HEAD_MS, connectionsCheckingInterval: REQUEST_HEAD_MS },
    (request, response) => {
      void listener(request, response);
    },
  );
  server.maxConnections = MAX_API_CONNECTIONS;
  // the kernel's answer is asked once for each connection, while it certainly is open
  server.on("connection", (socket: Socket) => rememberCaller(socket));
  // Node would make it with a mode that depends on the umask
  const fd = listenAt(path, "stream", gid);
  server.on("error", onError);
  server.listen({ fd });
  await once(server, "listening");
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
      rmSync(path, { force: true });
    },
  };
}

const callers = new WeakMap<Socket, Caller>();

function rememberCaller(socket: Socket): void {
  // Node has no public way to the descriptor of a socket
  const fd = (socket as { _handle?: { fd?: number } })._handle?.fd;
  if (fd !== undefined && fd >= 0) callers.set(socket, callerOf(peerOf(fd)));
}

/** Who is at the other end of a request's connection. @throws ApiError NOT_ALLOWED */
export function callerOfRequest({ incoming }: HttpBindings): Caller {
  const caller = callers.get(incoming.socket);
  if (caller === undefined) throw new ApiError("NOT_ALLOWED", "it is not known who you are");
  return caller;
}
