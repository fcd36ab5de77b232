// SPDX-License-Identifier: Apache-2.0
// A TPM behind a device file of Linux: one write is a command, the next read its response.
// The kernel has time limits of its own for each command, so there is none here.
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { quote } from "../../base/quote.ts";
import { TpmError } from "./errors.ts";
import { MAX_MESSAGE_BYTES } from "./limits.ts";
import type { Transport } from "./transport-type.ts";
import { Turns } from "./transport-type.ts";

/** Opens a device file. `/dev/tpmrm0` rather than `/dev/tpm0`: the kernel then shares the TPM's few places for keys. */
export async function deviceTransport(path: string): Promise<Transport> {
  try {
    return new DeviceTransport(await openDevice(path), path);
  } catch (cause) {
    throw new TpmError("NO_TPM", `no TPM at ${quote(path)}: ${whyNot(cause)}`, {
      cause,
      facts: { path },
    });
  }
}

/** A slip must not cost anybody a file or a disk: a command is written to what is opened here. */
async function openDevice(path: string): Promise<FileHandle> {
  const file = await open(path, "r+");
  if ((await file.stat()).isCharacterDevice()) return file;
  await file.close();
  throw Object.assign(new Error("no character device"), { code: "ENODEV" });
}

function whyNot(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ENOENT") return "there is no such device; is the TPM turned on in the firmware?";
  if (code === "EACCES" || code === "EPERM")
    return "it may not be opened; be root or of the group tss";
  if (code === "ENXIO") return "a socket is given as unix:/PATH";
  if (code === "ENODEV" || code === "EISDIR") return "that is no device of a TPM; use /dev/tpmrm0";
  if (code === "EBUSY") return "another program has it; use /dev/tpmrm0";
  return cause instanceof Error ? quote(cause.message) : "it can not be opened";
}

class DeviceTransport implements Transport {
  readonly address: string;
  readonly #file: FileHandle;
  readonly #turns = new Turns();
  #closed = false;

  constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.address = path;
  }

  async transact(command: Uint8Array): Promise<Uint8Array> {
    return await this.#turns.run(() => this.#exchange(command));
  }

  /** Waits for a command under way: its response would otherwise be left for the next who opens the device. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#turns.idle();
    await this.#file.close();
  }

  async #exchange(command: Uint8Array): Promise<Uint8Array> {
    if (this.#closed) throw new TpmError("GONE", `the TPM at ${quote(this.address)} was closed`);
    try {
      const { bytesWritten } = await this.#file.write(command, 0, command.length, null);
      if (bytesWritten !== command.length)
        throw new Error(`${bytesWritten} of ${command.length} bytes were taken`);
      const response = new Uint8Array(MAX_MESSAGE_BYTES);
      const { bytesRead } = await this.#file.read(response, 0, response.length, null);
      return response.subarray(0, bytesRead);
    } catch (cause) {
      const why = cause instanceof Error ? quote(cause.message) : "it went away";
      throw new TpmError("GONE", `the TPM at ${quote(this.address)} took no command: ${why}`, {
        cause,
      });
    }
  }
}
