// SPDX-License-Identifier: Apache-2.0
// The daemon's end of the warden (native/warden.c): it holds what kills each container, and uses it when the daemon is gone.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync } from "node:fs";
import { builtFile, nativeName } from "../../native/built-file.ts";
import { sendMessage, socketPair } from "../../native/fd-passing.ffi.ts";

/** Numbers of native/warden-protocol.h. */
export const ENTRIES = 4096;
export const PROCESS = 1;
export const GROUP = 2;
export const FORGET = 3;
export const LEAVE = 4;

/** What kills one container, or one process of it. */
export interface Deadly {
  readonly pidfd: number;
  readonly groupKillFd?: number | undefined;
}

export interface Warden {
  readonly pid: number;
  /** @returns the key for `forget`; undefined when it holds too many already, or is gone */
  hold(deadly: Deadly): number | undefined;
  forget(key: number): void;
  /** What it does when the daemon is gone: nothing, when `true`. */
  leave(merciful: boolean): void;
  /** It ends and does nothing. */
  close(): void;
}

/** A file that native/build.sh makes; undefined when it was not built. */
export function nativeProgram(name: string): string | undefined {
  const path = builtFile("native", nativeName(name));
  return existsSync(path) ? path : undefined;
}

/** @returns undefined where there is no native program */
export function startWarden(onGone: () => void): Warden | undefined {
  const program = nativeProgram("warden");
  if (program === undefined) return undefined;
  const [ours, its] = socketPair();
  const child = spawn(program, ["3"], { stdio: ["ignore", "ignore", "ignore", its], cwd: "/" });
  closeSync(its);
  return new RunningWarden(child, ours, onGone);
}

class RunningWarden implements Warden {
  readonly pid: number;
  readonly #socket: number;
  /** Key to number of descriptors. */
  readonly #held = new Map<number, number>();
  #count = 0;
  #nextKey = 1;
  #open = true;

  constructor(child: ChildProcess, socket: number, onGone: () => void) {
    this.pid = child.pid ?? 0;
    this.#socket = socket;
    const gone = (): void => {
      if (!this.#open) return;
      this.#end();
      onGone();
    };
    child.on("error", gone);
    child.on("exit", gone);
    // it must not keep the daemon's event loop
    child.unref();
  }

  hold({ pidfd, groupKillFd }: Deadly): number | undefined {
    const count = groupKillFd === undefined ? 1 : 2;
    if (this.#count + count > ENTRIES) return undefined;
    const key = this.#nextKey++;
    this.#held.set(key, count);
    this.#count += count;
    const isHeld =
      this.#send(PROCESS, key, pidfd) &&
      (groupKillFd === undefined || this.#send(GROUP, key, groupKillFd));
    if (isHeld) return key;
    this.forget(key);
    return undefined;
  }

  forget(key: number): void {
    this.#count -= this.#held.get(key) ?? 0;
    if (this.#held.delete(key)) this.#send(FORGET, key);
  }

  leave(merciful: boolean): void {
    this.#send(LEAVE, merciful ? 1 : 0);
  }

  close(): void {
    this.leave(true);
    this.#end();
  }

  /** @returns false when it does not have it; that it is gone is told by its exit */
  #send(op: number, key: number, fd?: number): boolean {
    if (!this.#open) return false;
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(op, 0);
    bytes.writeUInt32LE(key, 4);
    try {
      return sendMessage(this.#socket, bytes, fd === undefined ? [] : [fd]);
    } catch {
      return false;
    }
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#socket);
  }
}
