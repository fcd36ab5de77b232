// SPDX-License-Identifier: Apache-2.0
// A daemon in this process that has joined a fleet in this process, over the real protocol.
import { join } from "node:path";
import { enrol, fleetFolder, MembershipFiles } from "../../src/daemon/fleet/index.ts";
import { fleetPart } from "../../src/daemon/fleet/part.ts";
import type { Daemon } from "../../src/daemon/index.ts";
import type { DaemonPart } from "../../src/daemon/part.ts";
import type { DaemonPlace } from "./daemon-place.ts";
import type { FleetServer } from "./fleet-server.ts";

export interface Joined {
  readonly daemon: Daemon;
  /** Of the host. */
  readonly host: string;
  readonly files: MembershipFiles;
}

/** @param parts of the daemon, beside its fleet */
export async function joinedDaemon(
  place: DaemonPlace,
  fleet: FleetServer,
  parts: readonly DaemonPart[] = [],
): Promise<Joined> {
  const { token } = await fleet.enrolToken();
  const { membership, ...secrets } = await enrol({ url: fleet.url, token, name: "host" });
  const files = new MembershipFiles(fleetFolder(join(place.state, ".daemon")));
  files.write(membership, secrets);
  const daemon = await place.start({ parts: [...parts, fleetPart] });
  await online(daemon);
  return { daemon, host: membership.host, files };
}

async function online({ context }: Daemon): Promise<void> {
  while (context.api.fleet?.().connected !== true)
    await new Promise((resolve) => setTimeout(resolve, 20));
}
