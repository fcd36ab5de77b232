// SPDX-License-Identifier: Apache-2.0
// The management socket of a run: the memory that it shares with the thread that decides, the mirror made of it, the server.
import { MessageChannel } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { DIGEST_SIZES } from "../../model/runtime/index.ts";
import type { TmaSpec } from "../../tma/index.ts";
import { createMirror } from "./mirror.ts";
import { startManagementServer } from "./server.ts";
import { newSharedWords, SharedPointsReader } from "./shared-points.ts";
import type { SharedPointsLink } from "./shared-points.ts";

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
  const words = newSharedWords();
  const { port1, port2 } = new MessageChannel();
  const size = DIGEST_SIZES[options.tma.digest];
  const points = new SharedPointsReader({ words, port: port1, size });
  const mirror = createMirror({ ...options, points });
  try {
    const server = await startManagementServer({ ...options, namespace: mirror });
    return {
      link: { words, port: port2, size },
      transfer: [port2],
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
