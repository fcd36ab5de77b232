// SPDX-License-Identifier: Apache-2.0
// The way to the daemon's door for verdicts.
import { connectUnix } from "../../native/unix-socket.ffi.ts";
import { AgentError } from "../agent-errors.ts";
import type { LinkTransport } from "../link/link-client.ts";
import { DoorClient } from "../remote/door-client.ts";
import { descriptorTransport } from "./descriptor-transport.ts";
import type { FleetStart } from "./place.ts";

export function monotonicMs(): number {
  return performance.now();
}

/** @throws AgentError NOT_STARTED: no daemon is there */
export function openDoorTo({
  socket,
  withinMs,
  model,
  run = "",
  name = "",
}: FleetStart): DoorClient {
  const connect = (): LinkTransport => descriptorTransport(connectUnix(socket), "the daemon");
  try {
    return new DoorClient({
      ...{ connect, withinMs, now: monotonicMs },
      hello: { v: 1, run, name, model },
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const problem = `--tma remote: no daemon that has joined a fleet answers at ${socket} (${why})`;
    throw new AgentError("NOT_STARTED", `${problem}; galgo fleet join URL --token-file FILE`, {
      cause,
    });
  }
}
