// SPDX-License-Identifier: Apache-2.0
// The link over a descriptor: a stream socket or a serial port. Waits are bounded by poll(2).
import { closeFd, pollAll, readInto, writeOnce } from "../../native/tsem.ffi.ts";
import { AgentError } from "../agent-errors.ts";
import type { LinkTransport } from "../link/link-client.ts";

const READ_BYTES = 4_096;
/** How long the other side may leave us with bytes that it does not take. */
const WRITE_MS = 2_000;

/** Owns the descriptor, which does not block. @param name of the agent, for errors */
export function descriptorTransport(fd: number, name: string): LinkTransport {
  return new DescriptorTransport(fd, name);
}

class DescriptorTransport implements LinkTransport {
  readonly #name: string;
  readonly #bytes = Buffer.alloc(READ_BYTES);
  #fd: number;

  constructor(fd: number, name: string) {
    this.#fd = fd;
    this.#name = name;
  }

  write(bytes: Uint8Array): void {
    let left = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = performance.now() + WRITE_MS;
    while (left.length > 0) {
      const done = writeOnce(this.#open(), left);
      if (typeof done === "number") left = left.subarray(done);
      else if (done === "EAGAIN" || done === "EINTR") this.#waitForRoom(end);
      else throw this.#gone(done);
    }
  }

  read(waitMs: number): Uint8Array | undefined {
    const [event = 0] = pollAll([this.#open()], Math.ceil(waitMs));
    if (event === 0) return undefined;
    const count = readInto(this.#fd, this.#bytes, 0);
    if (count === "EAGAIN" || count === "EINTR") return undefined;
    if (typeof count === "string" || count === 0) throw this.#gone(count || "its end is closed");
    return this.#bytes.subarray(0, count);
  }

  close(): void {
    if (this.#fd >= 0) closeFd(this.#fd);
    this.#fd = -1;
  }

  #waitForRoom(end: number): void {
    if (performance.now() >= end) {
      throw new AgentError("LATE", `${this.#name} does not take what it is sent`);
    }
    pollAll([], 1);
  }

  #open(): number {
    if (this.#fd < 0) throw this.#gone("it was closed");
    return this.#fd;
  }

  #gone(why: string): AgentError {
    return new AgentError("GONE", `${this.#name} is gone (${why})`);
  }
}
