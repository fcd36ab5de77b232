// SPDX-License-Identifier: Apache-2.0
// Both ends of the points that a namespace shares: one to show them, one for the thread that decides.
import { MessageChannel } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { DIGEST_SIZES } from "../../model/runtime/index.ts";
import type { TmaSpec } from "../../tma/index.ts";
import { newInstantWords } from "./instant.ts";
import { newSharedWords, SharedPointsReader } from "./shared-points.ts";
import type { SharedPointsLink } from "./shared-points.ts";

export interface LivePoints {
  readonly points: SharedPointsReader;
  /** For the thread that decides (`WorkerSetup.shared`). */
  readonly link: SharedPointsLink;
  /** To be transferred with it. */
  readonly transfer: readonly MessagePort[];
}

/** The caller closes `points`. */
export function openLivePoints({ digest }: Pick<TmaSpec, "digest">): LivePoints {
  const [words, instant] = [newSharedWords(), newInstantWords()];
  const { port1, port2 } = new MessageChannel();
  const size = DIGEST_SIZES[digest];
  return {
    points: new SharedPointsReader({ words, instant, port: port1, size }),
    link: { words, instant, port: port2, size },
    transfer: [port2],
  };
}
