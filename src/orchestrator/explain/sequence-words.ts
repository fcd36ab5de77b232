// SPDX-License-Identifier: Apache-2.0
// Surprising sequences in words of hooks and paths, by the records beside the model: a model of sequences knows coefficients only.
import { existsSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { describeEvent, type SecurityEvent } from "../../event/index.ts";
import {
  applyPseudonyms,
  createMapper,
  createProfile,
  namePrograms,
  type WorkloadModel,
} from "../../model/index.ts";
import type { SurprisingEvent } from "../../model/sequence/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { recordsFileOf } from "../models/learn-files.ts";
import { loadModelRecords } from "../models/model-records.ts";

/** The behaviour behind a coefficient in words, with the program that does it; undefined when no record tells. */
export type WordsOf = (coefficient: string) => string | undefined;

/** A behaviour of a model that its records tell of. */
export interface ToldBehaviour {
  /** Its coefficient. */
  readonly name: string;
  readonly event: SecurityEvent;
  readonly programOf: (taskId: string) => string | undefined;
}

/** What the records beside a model tell of; nothing where there are none. @throws RecordFileError: they are damaged */
export function* behavioursBeside(
  model: WorkloadModel,
  modelFile: string,
): Generator<ToldBehaviour> {
  const path = recordsFileOf(modelFile);
  if (!existsSync(path)) return;
  const { mapping, digest, profile: rules, pseudonyms } = model.spec;
  const mapper = createMapper(nodeHasher(digest), mapping);
  const profile = createProfile(rules, mapper);
  const hidden = new Set(pseudonyms);
  const { events, actors } = loadModelRecords(path, model);
  namePrograms(actors.all(), { mapper, profile });
  const programOf = (taskId: string): string | undefined => actors.programOf(taskId);
  for (const event of events) {
    const name = mapper.coefficient(applyPseudonyms(profile.rewrite(event), hidden, mapper));
    yield { name, event, programOf };
  }
}

/** By the records beside a model. @throws RecordFileError: they are damaged */
export function wordsBeside(model: WorkloadModel, modelFile: string): WordsOf {
  const words = new Map<string, string>();
  for (const { name, event, programOf } of behavioursBeside(model, modelFile)) {
    if (words.has(name)) continue;
    const who = programOf(event.task.taskId);
    const what = describeEvent(event, programOf);
    words.set(name, who === undefined ? what : `${quote(who)}: ${what}`);
  }
  return (coefficient) => words.get(coefficient);
}

/** Digits of a coefficient that nothing tells of. */
const SHOWN_DIGITS = 16;

/** Lines that say what came, after what, and what was expected instead. */
export function surpriseLines(surprise: SurprisingEvent, wordsOf: WordsOf): readonly string[] {
  const { event, name, before, met, of, expected } = surprise;
  const worded = (coefficient: string | null | undefined): string =>
    coefficient === undefined || coefficient === null
      ? "a behaviour that was not learned"
      : (wordsOf(coefficient) ?? `behaviour ${coefficient.slice(0, SHOWN_DIGITS)}...`);
  return [
    `event ${event}: ${worded(name)}`,
    `  came there ${met === 0 ? "never" : `${met} times`} in ${of} times that were learned`,
    ...(before.length === 0 ? ["  at the beginning"] : ["  after"]),
    ...runsOf(before.map(worded)).map((text) => `    ${text}`),
    ...expected.map(
      ({ name: other, percent }, at) =>
        `  ${at === 0 ? "expected" : "or      "} ${worded(other)} (${percent} %)`,
    ),
  ];
}

/** Equal lines in a row as one, with how many they are. */
function runsOf(lines: readonly string[]): readonly string[] {
  const runs: { text: string; times: number }[] = [];
  for (const text of lines) {
    const last = runs.at(-1);
    if (last?.text === text) last.times += 1;
    else runs.push({ text, times: 1 });
  }
  return runs.map(({ text, times }) => (times === 1 ? text : `${text} (${times} times)`));
}
