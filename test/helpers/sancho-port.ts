// SPDX-License-Identifier: Apache-2.0
// A Sancho device behind a serial port, which is a pseudo-terminal of this process.
import { closeSync, constants, openSync, writeSync } from "node:fs";
import type { TestContext } from "node:test";
import { ReadStream } from "node:tty";
import { unlock } from "./pty.ts";
import { SanchoDevice } from "./sancho-device.ts";

export class SanchoPort {
  readonly device: SanchoDevice;
  readonly path: string;
  readonly #master: ReadStream;
  /** Held open, so that the port is there between two who open it. */
  #slave: number;

  constructor(t: TestContext, device: SanchoDevice = new SanchoDevice()) {
    this.device = device;
    const master = openSync("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY);
    this.path = `/dev/pts/${unlock(master)}`;
    this.#slave = openSync(this.path, constants.O_RDWR | constants.O_NOCTTY);
    this.#master = new ReadStream(master);
    this.#master.on("data", (bytes: Buffer) => {
      const said = device.take(bytes);
      if (said.length > 0) writeSync(master, said);
    });
    this.#master.on("error", () => undefined);
    t.after(() => this.unplug());
  }

  /** The device is gone: whoever has its port open is hung up. */
  unplug(): void {
    if (this.#slave < 0) return;
    closeSync(this.#slave);
    this.#slave = -1;
    this.#master.destroy();
  }
}
