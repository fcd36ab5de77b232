// SPDX-License-Identifier: Apache-2.0
// The door for `galgo run`: who comes here has his run done by the daemon.
import { closeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { trySendMessage } from "../../native/fd-passing.ffi.ts";
import { openDoor } from "../doors/door.ts";
import type { DaemonContext, DaemonPart, RunningPart } from "../part.ts";
import type { CommandLine } from "./command-line.ts";
import { LaunchConnection } from "./connection.ts";
import { ModelCache } from "./model-cache.ts";
import { encodeFrame, FRAME } from "./protocol.ts";
import { refusalOf } from "./rights.ts";

/** Clients at a time; the next one runs its workload alone. */
const MAX_CLIENTS = 1_000;
/** Time that clients get to hear how their runs have ended when the daemon is stopped, and between two looks (ms). */
const GOODBYE_MS = 1_000;
const LOOK_MS = 10;

/** @param commandLine what words mean and how runs are told of */
export function launchPart(commandLine: CommandLine): DaemonPart {
  return { name: "the door for galgo run", start: async (context) => start(context, commandLine) };
}

function start(context: DaemonContext, commandLine: CommandLine): RunningPart {
  const models = new ModelCache();
  const connections = new Set<LaunchConnection>();
  const door = openDoor(context.sockets.launch, {
    type: "seqpacket",
    gid: context.gid,
    onConnection: (fd, peer) => {
      const crowd = `${MAX_CLIENTS} clients run workloads already`;
      const refusal = connections.size < MAX_CLIENTS ? refusalOf(peer) : crowd;
      if (refusal !== undefined) {
        refuse(fd, refusal);
        return;
      }
      const onClosed = (): void => {
        connections.delete(connection);
      };
      const connection = new LaunchConnection(fd, peer, { context, commandLine, models, onClosed });
      connections.add(connection);
    },
    onNotice: (text) => context.tell("warning", `galgo run: ${text}`),
  });
  return {
    closeDoors: () => door.close(),
    close: async () => {
      door.close();
      const until = performance.now() + GOODBYE_MS;
      while (connections.size > 0 && performance.now() < until) await pause(LOOK_MS);
      for (const connection of connections) connection.close();
    },
  };
}

/** Without reading what it says: the descriptors of somebody who is not served may be such that closing them takes for ever. */
function refuse(fd: number, why: string): void {
  trySendMessage(fd, encodeFrame(FRAME.ALONE, 0, Buffer.from(why)));
  closeSync(fd);
}
