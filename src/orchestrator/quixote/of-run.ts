// SPDX-License-Identifier: Apache-2.0
// The management socket of a run: the memory that it shares with the thread that decides, the mirror made of it, the server.
import type { MessagePort } from "node:worker_threads";
import type { TmaSpec } from "../../tma/index.ts";
import { createMirror } from "../live/mirror.ts";
import { startManagementServer } from "./server.ts";
import { openLivePoints } from "../live/open-points.ts";
import type { SharedPointsLink } from "../live/shared-points.ts";

export interface RunManagementOptions {
  readonly directory: string;
  readonly name: string;
  readonly tma: TmaSpec;
  readonly heartbeat: SharedArrayBuffer;
  readonly trajectory: string;
  readonly forensics: string;
  onNotice?(text: string): void;
}

export interface RunManagement {
  /** For the thread that decides. */
  readonly link: SharedPointsLink;
  /** To be transferred with it. */
  readonly transfer: readonly MessagePort[];
  /** When a console sealed the model. */
  readonly sealedAt: Date | undefined;
  close(): void;
}

/** @throws ConsoleError NO_SOCKET, NOT_PRIVATE, IN_USE */
export async function startRunManagement(options: RunManagementOptions): Promise<RunManagement> {
  const { points, link, transfer } = openLivePoints(options.tma);
  const mirror = createMirror({ ...options, points });
  try {
    const server = await startManagementServer({ ...options, namespace: mirror });
    return {
      link,
      transfer,
      get sealedAt() {
        return mirror.sealedAt;
      },
      close: () => {
        server.close();
        mirror.close();
      },
    };
  } catch (error) {
    mirror.close();
    throw error;
  }
}
