// SPDX-License-Identifier: Apache-2.0
// Which places for a model this machine has, found by starting an agent in each.
import { AgentError } from "../agent-errors.ts";
import { BOARDS, parseLocality } from "../locality.ts";
import { readyPlace } from "./ready.ts";
import { startAgent } from "./start.ts";

export interface PlaceVerdict {
  /** As people write it after --tma. */
  readonly place: string;
  readonly usable: boolean;
  /** Points that there is room for; absent: no limit, or not usable. */
  readonly capacity?: number;
  /** Milliseconds to its first answer. */
  readonly startMs?: number;
  /** SHA-256, hex, of its code. */
  readonly codeDigest?: string;
  /** Why it is not usable. */
  readonly why?: string;
}

/** Boards behind a port are not looked for. @param stateRoot folder in which `galgo tma build` may have put images */
export function tryPlaces(stateRoot: string): PlaceVerdict[] {
  const boards = Object.entries(BOARDS).flatMap(([name, { emulated }]) =>
    emulated ? [`serial:${name}`] : [],
  );
  return ["in-process", "wasm", "process", "vm", ...boards].map((text) =>
    tryPlace(text, stateRoot),
  );
}

function tryPlace(text: string, stateRoot: string): PlaceVerdict {
  try {
    const place = readyPlace(parseLocality(text), stateRoot);
    if (place === undefined) return { place: text, usable: true };
    const began = performance.now();
    const agent = startAgent(place);
    const startMs = Math.round(performance.now() - began);
    const { capacity } = agent;
    agent.close();
    const { codeDigest } = place;
    return {
      place: text,
      usable: true,
      capacity,
      startMs,
      ...(codeDigest === undefined ? {} : { codeDigest }),
    };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { place: text, usable: false, why: error.message };
  }
}
