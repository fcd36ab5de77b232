// SPDX-License-Identifier: Apache-2.0
// Tells the service manager how it goes (sd_notify(3)): a datagram to the socket that it has named. Without one nothing is told.
import { sendDatagram } from "../../native/unix-socket.ffi.ts";

export interface ServiceManager {
  /** It has started, or done what `reloading` announced. */
  ready(status: string): void;
  /** How it goes now; told at most once in STATUS_INTERVAL_MS. */
  status(text: string): void;
  reloading(): void;
  /** It ends, and needs so long for that at most. */
  stopping(seconds: number): void;
  /** Ends the signs of life. */
  close(): void;
}

const STATUS_INTERVAL_MS = 1_000;
const US_PER_MS = 1_000n;
const NS_PER_US = 1_000n;
const US_PER_SECOND = 1_000_000;

/**
 * Takes the variables of the service manager out of `env`, so that no workload gets them, and begins with the signs of life that
 * it wants (WATCHDOG_USEC).
 * @param onTrouble it could not be told: one line
 */
export function serviceManager(
  env: NodeJS.ProcessEnv,
  onTrouble: (text: string) => void,
): ServiceManager {
  const socket = taken(env, "NOTIFY_SOCKET");
  const interval = watchdogInterval(taken(env, "WATCHDOG_USEC"), taken(env, "WATCHDOG_PID"));
  if (socket === undefined) return new NoManager();
  return new Manager(socket, interval, onTrouble);
}

function taken(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name];
  delete env[name];
  return value === undefined || value === "" ? undefined : value;
}

/** Half of the time that it waits (ms), as sd_watchdog_enabled(3) advises; undefined when it does not wait for us. */
function watchdogInterval(usec: string | undefined, pid: string | undefined): number | undefined {
  if (usec === undefined || !/^\d{1,18}$/.test(usec) || usec === "0") return undefined;
  if (pid !== undefined && pid !== String(process.pid)) return undefined;
  return Math.max(1, Number(BigInt(usec) / US_PER_MS / 2n));
}

class NoManager implements ServiceManager {
  ready(): void {}
  status(): void {}
  reloading(): void {}
  stopping(): void {}
  close(): void {}
}

class Manager implements ServiceManager {
  readonly #socket: string;
  readonly #onTrouble: (text: string) => void;
  readonly #timer: NodeJS.Timeout | undefined;
  #told = false;
  /** What is to be told when the interval is over. */
  #next: string | undefined;
  #pause: NodeJS.Timeout | undefined;

  constructor(socket: string, intervalMs: number | undefined, onTrouble: (text: string) => void) {
    this.#socket = socket;
    this.#onTrouble = onTrouble;
    if (intervalMs === undefined) return;
    // sent by the thread that looks after everything: when that hangs, the daemon is replaced
    this.#timer = setInterval(() => this.#send("WATCHDOG=1"), intervalMs);
    this.#timer.unref();
  }

  ready(status: string): void {
    this.#send(`READY=1\nSTATUS=${status}`);
  }

  status(text: string): void {
    if (this.#pause !== undefined) {
      this.#next = text;
      return;
    }
    this.#send(`STATUS=${text}`);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      const next = this.#next;
      this.#next = undefined;
      if (next !== undefined) this.status(next);
    }, STATUS_INTERVAL_MS);
    this.#pause.unref();
  }

  reloading(): void {
    const now = process.hrtime.bigint() / NS_PER_US;
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${now}`);
  }

  stopping(seconds: number): void {
    // whatever TimeoutStopSec= says: the configuration may leave the workloads more time
    this.#send(`STOPPING=1\nEXTEND_TIMEOUT_USEC=${seconds * US_PER_SECOND}`);
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#pause);
  }

  #send(text: string): void {
    try {
      sendDatagram(this.#socket, Buffer.from(text));
    } catch (error) {
      if (this.#told) return;
      this.#told = true;
      const message = error instanceof Error ? error.message : String(error);
      this.#onTrouble(`the service manager can not be told: ${message}`);
    }
  }
}
