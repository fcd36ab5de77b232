// SPDX-License-Identifier: Apache-2.0
// What people outside of a run see of it while it goes on, where this process is all its: a mirror of the namespace, and the sockets at which
// consoles and verifiers ask. A daemon has mirrors and doors of its own.
import type { MessagePort } from "node:worker_threads";
import type { AttestedRun } from "./attest/claims.ts";
import { openRunEvidence } from "./attest/run-evidence.ts";
import {
  createMirror,
  type Mirror,
  openLivePoints,
  ProgramsWatch,
  type SharedPointsLink,
} from "./live/index.ts";
import type { Site } from "./report.ts";
import type { RunObserver } from "./run-request.ts";
import { startManagementServer } from "./quixote/server.ts";
import type { RunWorker } from "./worker-client.ts";

export interface OutsideOptions extends Omit<AttestedRun, "record" | "owner"> {
  readonly site: Site;
  readonly heartbeat: SharedArrayBuffer;
  readonly observer: RunObserver;
}

export interface Outside {
  /** For the thread that decides. */
  readonly link: SharedPointsLink;
  /** To be transferred with it. */
  readonly transfer: readonly MessagePort[];
  /** When a console sealed the model. */
  readonly sealedAt: Date | undefined;
  /** The thread has started: what it says of programs in the kernel is counted too. */
  watch(worker: Pick<RunWorker, "programs">): void;
  /** The workload has ended, and the thread with it. @param lost events @throws AttestError, InstantError */
  finish(lost: number): Promise<void>;
  /** Nobody is answered any more. */
  close(): Promise<void>;
}

interface Door {
  readonly finish?: (lost: number) => Promise<void>;
  close(): void | Promise<void>;
}

/** @throws ConsoleError NO_SOCKET, NOT_PRIVATE, IN_USE; AttestError NO_SOCKET */
export async function openOutside(options: OutsideOptions): Promise<Outside> {
  const { plan, site, heartbeat } = options;
  const { points, link, transfer } = openLivePoints(plan.tma);
  const { trajectory, forensics } = site.directory;
  const mirror = createMirror({ tma: plan.tma, points, heartbeat, trajectory, forensics });
  const doors: Door[] = [];
  const close = async (): Promise<void> => {
    for (const door of doors.splice(0).reverse()) await door.close();
    mirror.close();
  };
  try {
    await openDoors(options, mirror, doors);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    link,
    transfer,
    get sealedAt() {
      return mirror.sealedAt;
    },
    watch: ({ programs }) => {
      if (programs !== undefined) mirror.countWith(new ProgramsWatch(programs));
    },
    finish: async (lost) => {
      for (const door of doors) await door.finish?.(lost);
    },
    close,
  };
}

async function openDoors(
  { site, observer, heartbeat: _, ...live }: OutsideOptions,
  mirror: Mirror,
  doors: Door[],
): Promise<void> {
  const { request, name } = live.plan;
  const { quixoteSocket, attest } = request;
  const { directory, record } = site;
  const owner = process.getuid?.() ?? 0;
  const onNotice = (text: string): void => observer.onNotice?.(text);
  if (quixoteSocket !== undefined) {
    const options = { directory: quixoteSocket, name, namespace: mirror, onNotice };
    doors.push(await startManagementServer(options));
  }
  if (attest !== undefined)
    doors.push(
      await openRunEvidence({
        attest,
        directory,
        run: { ...live, record, owner },
        mirror,
        onNotice,
      }),
    );
}
