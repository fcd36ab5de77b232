// SPDX-License-Identifier: Apache-2.0
// The fleet as a part of the daemon: nothing until the host has joined, which is noticed when the configuration is read again.
import { isDeepStrictEqual } from "node:util";
import { DaemonError } from "../errors.ts";
import type { DaemonContext, DaemonPart, RunningPart } from "../part.ts";
import { REOPEN_MS } from "./limits.ts";
import { fleetFolder, type Membership, MembershipFiles } from "./membership.ts";
import { RECEIVERS } from "./receivers.ts";
import { FleetSession } from "./session.ts";
import { type FleetStatus, NOT_JOINED } from "./status.ts";

export const fleetPart: DaemonPart = {
  name: "fleet",
  start: async (context) => {
    const part = new FleetMember(context);
    await part.begin();
    return part;
  },
};

class FleetMember implements RunningPart {
  readonly #context: DaemonContext;
  readonly #files: MembershipFiles;
  #session: FleetSession | undefined;
  #joined: Membership | undefined;
  /** Why there is no session though the host has joined. */
  #fault: string | undefined;
  #reopening: NodeJS.Timeout | undefined;

  constructor(context: DaemonContext) {
    this.#context = context;
    this.#files = new MembershipFiles(fleetFolder(context.keptRoot));
    context.api.fleet = () => this.#session?.status() ?? this.#without();
  }

  /** A fleet that can not be told of anything keeps no workload from running. It is tried again: a disk may have room later. */
  async begin(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why !== this.#fault) this.#context.tell("error", `the fleet is told nothing: ${why}`);
      this.#fault = why;
      this.#reopening = setTimeout(() => void this.begin(), REOPEN_MS).unref();
    }
  }

  async reload(): Promise<void> {
    try {
      const joined = this.#files.read();
      if (isDeepStrictEqual(identity(joined), identity(this.#joined)) && this.#session) return;
      await this.close();
      await this.#open();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#fault = why;
      throw new DaemonError("NOT_RELOADED", why, { cause });
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#reopening);
    const session = this.#session;
    this.#session = undefined;
    this.#joined = undefined;
    await session?.close();
  }

  async #open(): Promise<void> {
    const membership = this.#files.read();
    if (membership === undefined) {
      this.#fault = undefined;
      return;
    }
    const [context, files] = [this.#context, this.#files];
    this.#session = await FleetSession.open({ context, files, membership, receivers: RECEIVERS });
    this.#joined = membership;
    this.#fault = undefined;
  }

  #without(): FleetStatus {
    return this.#fault === undefined
      ? NOT_JOINED
      : { joined: true, connected: false, error: this.#fault };
  }
}

/** What makes it another membership. */
function identity(membership: Membership | undefined): unknown {
  return membership === undefined
    ? undefined
    : [membership.host, membership.url, membership.joined];
}
