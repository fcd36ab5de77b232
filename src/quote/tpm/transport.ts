// SPDX-License-Identifier: Apache-2.0
// A way to a TPM: one command, one response, one after the other.
import { quote } from "../../base/quote.ts";
import { TpmError } from "./errors.ts";
import { deviceTransport } from "./device-transport.ts";
import { socketTransport } from "./socket-transport.ts";
import type { Transport } from "./transport-type.ts";

export const DEFAULT_TPM = "/dev/tpmrm0";

/**
 * Opens the way to a TPM: a device file (`/dev/tpmrm0`), `unix:PATH` or `tcp:HOST:PORT` (an emulator's data socket).
 * Throws `TpmError` BAD_ADDRESS or NO_TPM.
 */
export async function openTransport(address: string = DEFAULT_TPM): Promise<Transport> {
  if (address.startsWith("/")) return await deviceTransport(address);
  if (address.startsWith("unix:/"))
    return await socketTransport({ path: address.slice(5) }, address);
  const tcp = /^tcp:(?<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+):(?<port>\d{1,5})$/i.exec(address)?.groups;
  const port = Number(tcp?.["port"]);
  const host = tcp?.["host"]?.replace(/^\[|\]$/g, "");
  if (host !== undefined && port >= 1 && port <= 65535)
    return await socketTransport({ host, port }, address);
  throw new TpmError(
    "BAD_ADDRESS",
    `${quote(address)} is no address of a TPM; use ${DEFAULT_TPM}, unix:/PATH or tcp:HOST:PORT`,
  );
}
