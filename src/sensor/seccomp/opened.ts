// SPDX-License-Identifier: Apache-2.0
// Checks of calls that had to go on in a task whose memory others could rewrite: at the task's next event what was
// really opened, or connected to, must be what was decided on.
import { readdirSync } from "node:fs";
import type { SockAddr } from "../../event/cell/socket.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { asAgent } from "./agent-self.ts";
import { linkText, statLink } from "./link.ts";
import { peerAddress } from "./sockets.ts";
import { FileType } from "./stat.ts";
import type { Task } from "./tasks.ts";

/** What is checked when the task is held the next time. */
export interface Afterwards {
  readonly reason: string;
  /** What was reached instead, for people; undefined when all is right. Releases what the check holds. */
  contradicted(task: Task): string | undefined;
}

/** An open: every descriptor that is new must be the expected object, or one that the agent installed. */
export class OpenedAfterwards implements Afterwards {
  readonly reason = "another file was opened than the one that was allowed";
  readonly #before: ReadonlySet<string>;
  readonly #expected: string;
  readonly #installed = new Set<string>();

  /** To be made while the task is held. @param expected stat key of what was decided on. */
  constructor(task: Task, expected: string) {
    this.#before = new Set(openFds(task));
    this.#expected = expected;
  }

  /** The agent has installed an object in the process meanwhile. */
  installed(key: string): void {
    this.#installed.add(key);
  }

  contradicted(task: Task): string | undefined {
    for (const fd of openFds(task)) {
      if (this.#before.has(fd)) continue;
      const link = `/proc/${task.process.tgid}/fd/${fd}`;
      const stat = statLink(link);
      if (stat === undefined || stat.key === this.#expected || this.#installed.has(stat.key))
        continue;
      if (stat.type === FileType.regular || stat.type === FileType.directory) return linkText(link);
    }
    return undefined;
  }
}

/** A connect to a local socket: the peer must have the address that was decided on. */
export class ConnectedAfterwards implements Afterwards {
  readonly reason = "another address was connected to than the one that was allowed";
  readonly #fd: number;
  readonly #expected: SockAddr;
  readonly #digest: string;

  /** Takes `fd`, a descriptor of ours for the task's socket. */
  constructor(fd: number, expected: SockAddr, digest: string) {
    this.#fd = fd;
    this.#expected = expected;
    this.#digest = digest;
  }

  contradicted(): string | undefined {
    const peer = peerAddress(this.#fd, this.#digest);
    sys().close(this.#fd);
    if (peer === undefined || peer.family !== "unix" || this.#expected.family !== "unix")
      return undefined;
    // a server may have bound a relative or a nameless address: only a name that contradicts counts
    const same = peer.address === this.#expected.address || peer.address === "";
    return same || !isAbsolute(peer.address) || !isAbsolute(this.#expected.address)
      ? undefined
      : peer.address;
  }
}

const isAbsolute = (name: string): boolean => name.startsWith("/") || name.startsWith("\0");

function openFds(task: Task): string[] {
  try {
    return asAgent(() => readdirSync(`/proc/${task.process.tgid}/fd`));
  } catch {
    return [];
  }
}
