// SPDX-License-Identifier: Apache-2.0
// Builders of model files.
import {
  BUILTIN_PROFILES,
  makeWorkloadModel,
  type LearnedRecord,
  type LearningRun,
  learningRun,
  type ModelContent,
  type ModelFidelity,
  type WorkloadModel,
} from "../../src/model/index.ts";
import type { SecurityEvent } from "../../src/event/index.ts";
import { SHA256 } from "./test-hasher.ts";

export const FIDELITY: ModelFidelity = {
  sensor: "seccomp",
  sees: ["file_open", "mmap_file", "socket_connect"],
  holds: ["file_open", "socket_connect"],
  absent: ["*.s_uuid"],
  features: ["cgroup-kill"],
};

/** The n-th of a series of coefficients. */
export const coefficient = (n: number): string =>
  SHA256.hex(new TextEncoder().encode(`point ${n}`));

export const FLAT: readonly number[] = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/** What a model of three points is made of. */
export function aContent(changes: Partial<ModelContent> = {}): ModelContent {
  return {
    name: "demo",
    mapping: "tsem-v4",
    profile: BUILTIN_PROFILES.portable,
    aggregate: "0".repeat(64),
    sealed: true,
    fidelity: FIDELITY,
    pseudonyms: [],
    points: [1, 2, 3].map(coefficient),
    completeness: {
      runs: 2,
      eventsSeen: 100,
      eventsLost: 0,
      saturation: [...FLAT, ...FLAT.map(() => 0)],
    },
    ...changes,
  };
}

export function aModel(changes: Partial<ModelContent> = {}): WorkloadModel {
  return makeWorkloadModel(aContent(changes), SHA256);
}

/** A run that met each event once. */
export function aRunOf(events: readonly SecurityEvent[]): LearningRun {
  const records: readonly LearnedRecord[] = events.map((event) => ({ event, count: 1 }));
  const facts = { eventsSeen: events.length, eventsLost: 0, durationMs: 1, saturation: [] };
  return learningRun(records, facts, SHA256);
}
