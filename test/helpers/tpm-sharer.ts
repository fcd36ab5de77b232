// SPDX-License-Identifier: Apache-2.0
// Lets several programs use one emulated TPM, which serves one connection at a time: commands are passed on one after the other, as the
// kernel does it behind /dev/tpmrm0.
import { once } from "node:events";
import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import { openTransport } from "../../src/quote/tpm/index.ts";
import type { Transport } from "../../src/quote/tpm/index.ts";

const HEAD_BYTES = 6;

export interface SharedTpm {
  /** For `Tpm.open`. */
  readonly address: string;
  close(): Promise<void>;
}

/** @param emulator address of what is shared. @param path of the socket for all */
export async function shareTpm(emulator: string, path: string): Promise<SharedTpm> {
  const transport = await openTransport(emulator);
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    serve(socket, transport);
  });
  server.listen(path);
  await once(server, "listening");
  return {
    address: `unix:${path}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
      await transport.close();
    },
  };
}

function serve(socket: Socket, transport: Transport): void {
  let received = Buffer.alloc(0);
  socket.on("data", (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    while (received.length >= HEAD_BYTES && received.length >= received.readUInt32BE(2)) {
      const command = received.subarray(0, received.readUInt32BE(2));
      received = received.subarray(command.length);
      transport.transact(command).then(
        (response) => socket.write(response),
        () => socket.destroy(),
      );
    }
  });
}
