// SPDX-License-Identifier: Apache-2.0
// Where a run that is done without the daemon finds the daemon's door for verdicts.
import { existsSync } from "node:fs";
import { clientDirectories, socketsIn } from "../daemon/client/index.ts";
import type { RunRequest } from "../orchestrator/index.ts";
import { AgentError } from "../tma/index.ts";

/** @throws AgentError BAD_OPTION: what the fleet says later could not be carried out */
export function withVerdictDoor(request: RunRequest): RunRequest {
  const { locality, env } = request;
  if (locality?.kind !== "remote") return request;
  if (locality.withinMs === 0) {
    const why =
      "what the fleet says later is carried out by the daemon, and this run is done without it";
    throw new AgentError("BAD_OPTION", `--tma remote:,async: ${why} (GALGO_DEBUG=1 says why)`);
  }
  const doors = clientDirectories(env, process.getuid?.() ?? -1).map(
    (each) => socketsIn(each).verdict,
  );
  const socket = doors.find((door) => existsSync(door));
  return socket === undefined ? request : { ...request, locality: { ...locality, socket } };
}
