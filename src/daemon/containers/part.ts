// SPDX-License-Identifier: Apache-2.0
// Containers as a part of the daemon: the door at which runtimes hand listeners over, the door of the hook, the warden.
import { closeSync } from "node:fs";
import { sendMessage } from "../../native/fd-passing.ffi.ts";
import type { Peer } from "../../native/unix-socket.ffi.ts";
import type { WorkloadOrigin } from "../api/types.ts";
import { type Door, openDoor } from "../doors/door.ts";
import type { DaemonContext, DaemonPart, RunningPart } from "../part.ts";
import { bury } from "../recovery/bury.ts";
import type { WorkloadEntry } from "../registry/workload-files.ts";
import { Containers } from "./containers.ts";
import { ContainerError, messageOf } from "./errors.ts";
import { containerGroup } from "./group.ts";
import { hookAnswer } from "./hook.ts";
import { receiveAll } from "./receive.ts";
import { parseHandedOver } from "./state.ts";
import { requireFiltered, requireRuntime, requireUser } from "./trust.ts";
import { startWarden, type Warden } from "./warden.ts";

type ContainerOrigin = Extract<WorkloadOrigin, { readonly kind: "container" }>;

export const CONTAINERS: DaemonPart = {
  name: "containers",
  start: async (context) => new ContainerDoors(context),
};

class ContainerDoors implements RunningPart {
  readonly #context: DaemonContext;
  readonly #containers: Containers;
  readonly #warden: Warden | undefined;
  readonly #doors: readonly Door[];

  constructor(context: DaemonContext) {
    this.#context = context;
    this.#warden = startWarden(() =>
      context.tell("error", "the warden has ended: containers would outlive a killed daemon"),
    );
    if (this.#warden === undefined)
      context.tell("warning", "no warden was built: containers would outlive a killed daemon");
    this.#applyPolicy();
    this.#containers = new Containers(context, this.#warden);
    const { seccomp, hook } = context.sockets;
    this.#doors = [
      this.#open(seccomp, (fd, peer) => this.#takeContainer(fd, peer)),
      this.#open(hook, (fd, peer) => this.#answerHook(fd, peer)),
    ];
  }

  async reload(): Promise<void> {
    this.#applyPolicy();
  }

  /** Its listener is gone with the daemon that had it: no way leads back into the container. */
  async recover(entry: WorkloadEntry): Promise<string | undefined> {
    const { origin, daemonPid } = entry;
    if (origin.kind !== "container") return undefined;
    const became = fateOf(origin, this.#context.config.policy["on-daemon-loss"] !== "leave");
    const what = `the daemon (pid ${daemonPid}) ended while it ran; ${became}; what happened after that instant is not recorded`;
    return bury(entry, what);
  }

  /** What a runtime has handed over already is refused by the registry. */
  closeDoors(): void {
    for (const door of this.#doors) door.close();
  }

  async close(): Promise<void> {
    this.closeDoors();
    await this.#containers.close();
    this.#warden?.close();
  }

  #applyPolicy(): void {
    this.#warden?.leave(this.#context.config.policy["on-daemon-loss"] === "leave");
  }

  #open(path: string, onConnection: (fd: number, peer: Peer) => void): Door {
    const { gid, tell } = this.#context;
    const onNotice = (text: string): void => tell("warning", text);
    return openDoor(path, { type: "stream", gid, onConnection, onNotice });
  }

  #takeContainer(fd: number, peer: Peer): void {
    const refuse = (error: unknown): void => {
      closeSync(fd);
      this.#context.tell("error", `a container was refused: ${messageOf(error)}`);
    };
    try {
      // now, while it is there
      requireRuntime(peer, this.#context.registry.list());
    } catch (error) {
      refuse(error);
      return;
    }
    receiveAll(fd, {
      onReceived: ({ text, fds }) => {
        closeSync(fd);
        this.#handOver(text, fds, peer);
      },
      onFailed: refuse,
    });
  }

  #handOver(text: string, fds: readonly number[], peer: Peer): void {
    let listener: number | undefined;
    try {
      const handed = parseHandedOver(text);
      listener = fds[handed.listener];
      if (listener === undefined)
        throw new ContainerError("BAD_STATE", "the runtime has sent no listener");
      requireFiltered(handed.pid);
      this.#containers.take(handed, listener, peer);
    } catch (error) {
      // the listener is closed below: its filter then lets nothing pass
      listener = undefined;
      this.#context.tell("error", `a container was refused: ${messageOf(error)}`);
    }
    for (const other of fds) if (other !== listener) closeSync(other);
  }

  #answerHook(fd: number, peer: Peer): void {
    // whoever else is refused is told so, in the answer
    requireUser(peer);
    receiveAll(fd, {
      onReceived: ({ text, fds }) => {
        for (const other of fds) closeSync(other);
        void this.#answer(fd, text, peer);
      },
      onFailed: () => closeSync(fd),
    });
  }

  async #answer(fd: number, text: string, peer: Peer): Promise<void> {
    try {
      await this.#containers.learned();
      sendMessage(fd, Buffer.from(hookAnswer(text, this.#context, peer)));
    } catch {
      // the hook is gone, and with it who wanted to know
    } finally {
      closeSync(fd);
    }
  }
}

/**
 * What became of a container, in words. It is still there when a process of that number belongs to the container's own cgroup, and that has processes
 * that have not ended. With `kill` that means that the warden was killed with the daemon (out of memory, the end of a pod): what it had to do is done now.
 */
function fateOf({ containerId, pid }: ContainerOrigin, kill: boolean): string {
  const group = containerGroup(containerId, pid);
  const isThere = !("unavailable" in group) && group.procs().length > 0;
  if (isThere && kill) group.kill();
  if (!("unavailable" in group)) group.close();
  if (!isThere)
    return "its container is gone: the warden kills it unless on-daemon-loss says leave";
  return kill
    ? "its container was still there, and has been killed now (on-daemon-loss)"
    : "its container goes on, and what needs an answer fails there with ENOSYS";
}
