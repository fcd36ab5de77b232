// SPDX-License-Identifier: Apache-2.0
// Checks of connects and binds that had to go on in the task (opened.ts): at the task's next event the socket must have the
// address that was decided on.
import { encodePath } from "../../base/path-text.ts";
import type { SockAddr } from "../../event/cell/socket.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { eventOf } from "./event-of.ts";
import { AT } from "../file/open-flags.ts";
import type { Afterwards, Contradiction } from "./opened.ts";
import { resolve } from "./resolve.ts";
import { localAddress, peerAddress, peerPid, sockOf } from "./sockets.ts";
import { statAt, statFd } from "../file/stat.ts";
import type { Task } from "./tasks.ts";

/** A connect to a local socket: the peer must have the address that was decided on. */
export class ConnectedAfterwards implements Afterwards {
  readonly reason = "another address was connected to than the one that was allowed";
  readonly #fd: number;
  readonly #expected: SockAddr;
  readonly #key: string | undefined;
  readonly #digest: string;

  /** Takes `fd`, a descriptor of ours for the task's socket. To be made while the task is held. */
  constructor(task: Task, fd: number, expected: SockAddr, digest: string) {
    this.#fd = fd;
    this.#expected = expected;
    this.#key = socketKey(task, expected);
    this.#digest = digest;
  }

  contradicted(task: Task): Contradiction | undefined {
    const peer = peerAddress(this.#fd, this.#digest);
    const sock = sockOf(this.#fd);
    if (peer?.family !== "unix" || this.#expected.family !== "unix") return undefined;
    if (sock === undefined || !this.#differs(task, peer.address, this.#expected.address))
      return undefined;
    const event = eventOf(task, "socket_connect", { sock, addr: peer }, "connect");
    return { text: peer.address, event };
  }

  release(): void {
    sys().close(this.#fd);
  }

  /** A peer tells the name that it was bound to, which links, renames and other roots make differ from the name that was used. */
  #differs(task: Task, peer: string, expected: string): boolean {
    if (peer === "" || peer === expected) return false;
    if (peer.startsWith("\0") || expected.startsWith("\0")) return true;
    const key = peer.startsWith("/")
      ? socketKey(task, { family: "unix", address: peer })
      : this.#keyAtPeer(peer);
    return key !== undefined && key !== this.#key;
  }

  /** A relative name starts in the folder of whoever bound it. */
  #keyAtPeer(name: string): string | undefined {
    const pid = peerPid(this.#fd);
    if (pid <= 0) return undefined;
    const path = Buffer.concat([
      Buffer.from(`/proc/${pid}/cwd/`, "latin1"),
      encodePath(name),
      Buffer.alloc(1),
    ]);
    return statAt(AT.FDCWD, path, 0)?.key;
  }
}

/** A bind of other than internet sockets: the socket must have the address that was decided on. */
export class BoundAfterwards implements Afterwards {
  readonly reason = "another address was bound than the one that was allowed";
  readonly #fd: number;
  readonly #expected: SockAddr;
  readonly #digest: string;

  /** Takes `fd`, a descriptor of ours for the task's socket. */
  constructor(fd: number, expected: SockAddr, digest: string) {
    this.#fd = fd;
    this.#expected = expected;
    this.#digest = digest;
  }

  contradicted(task: Task): Contradiction | undefined {
    const bound = localAddress(this.#fd, this.#digest);
    const sock = sockOf(this.#fd);
    if (bound?.family !== "unix" || this.#expected.family !== "unix" || sock === undefined)
      return undefined;
    // no name: it was not bound; with none asked for the kernel chooses one
    const { address } = this.#expected;
    if (bound.address === "" || address === "" || bound.address === address) return undefined;
    const event = eventOf(task, "socket_bind", { sock, addr: bound }, "bind");
    return { text: bound.address, event };
  }

  release(): void {
    sys().close(this.#fd);
  }
}

/** stat key of the socket that a local address leads a task to. */
function socketKey(task: Task, address: SockAddr): string | undefined {
  if (address.family !== "unix" || address.address === "" || address.address.startsWith("\0"))
    return undefined;
  const path = Buffer.concat([encodePath(address.address), Buffer.alloc(1)]);
  const found = resolve({ task, dirfd: AT.FDCWD }, path, { follow: true });
  if (found.kind !== "found") return undefined;
  const key = statFd(found.fd)?.key;
  sys().close(found.fd);
  return key;
}
