// SPDX-License-Identifier: Apache-2.0
// The violations of a run with their why, as a report shows them.
import { quote } from "../../base/quote.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { HOOKS } from "../../event/index.ts";
import type { ReportNearest, ReportViolation, ReportViolations } from "../../model/report/data.ts";
import { reportKind } from "../../model/report/index.ts";
import type { Actors } from "../records/actors.ts";
import type { ActorFinding, Explanation, Violations } from "../explain/explain.ts";
import { plainDifference } from "../explain/plain-difference.ts";
import type { FileRecord } from "../records/record-file.ts";
import { ruleOption } from "../models/rule-option.ts";
import { wordsOf } from "./behaviours.ts";
import type { Cast } from "./cast.ts";
import type { Clock } from "./clock.ts";
import { MAX_EXPLAINED_VIOLATIONS, MAX_REPORT_REFUSED, MAX_REPORT_VIOLATIONS } from "./limits.ts";

export interface ViolationParts {
  readonly cast: Cast;
  readonly clock: Clock;
  readonly actors: Actors;
  /** What `galgo why` is told: the name of the run, or its folder. */
  readonly target: string;
  /** Where an earlier run was asked for. */
  readonly runId: string | undefined;
  /** How often each coefficient was met. */
  readonly countOf: ReadonlyMap<string, number>;
  /** The model file that violations can be added to, when it is known. */
  readonly modelFile: string | undefined;
  /** By violation: the process that did it. */
  readonly rowOf: readonly number[];
}

export const NO_VIOLATIONS: ReportViolations = { list: [], refused: [], left: 0 };

/** @throws ModelError when the records can not be compared under the rules of the model */
export function violationsOf(
  violations: Violations,
  all: readonly FileRecord[],
  parts: ViolationParts,
): ReportViolations {
  const { records } = violations;
  const list = records.slice(0, MAX_REPORT_VIOLATIONS).map((record, index) => {
    const shown = violationOf(record, index, parts);
    if (index >= MAX_EXPLAINED_VIOLATIONS) return shown;
    return { ...shown, why: whyOf(violations.explain(index + 1), parts) };
  });
  const refused = all.filter(({ mark }) => mark?.kind === "refused");
  return {
    list,
    refused: refused
      .slice(0, MAX_REPORT_REFUSED)
      .map(({ event }) => [
        parts.cast.actor(parts.actors, event.task),
        wordsOf(event, parts.actors),
      ]),
    left: records.length - list.length,
  };
}

function violationOf({ event, mark }: FileRecord, index: number, parts: ViolationParts) {
  const { cast, clock, actors, rowOf, countOf } = parts;
  const violation: ReportViolation = {
    number: index + 1,
    decision: mark?.decision ?? "observed",
    actor: cast.actor(actors, event.task),
    words: wordsOf(event, actors),
    kind: reportKind(event),
    hook: event.hook,
    process: quote(event.process),
    pid: event.tgid ?? event.pid,
    uid: event.coe.euid,
    atMs: clock.ms(event.ts),
    times: countOf.get(mark?.coefficient ?? "") ?? 0,
    row: rowOf[index] ?? -1,
    ...(mark?.heldUs === undefined ? {} : { heldUs: mark.heldUs }),
    ...(mark?.reason === undefined ? {} : { reason: quote(mark.reason) }),
    ...(mark?.coefficient === undefined ? {} : { coefficient: mark.coefficient }),
  };
  return violation;
}

function whyOf(
  explanation: Explanation,
  parts: ViolationParts,
): NonNullable<ReportViolation["why"]> {
  const { cast } = parts;
  const { event, actor, actors, chain, nearest, advice, cascade } = explanation;
  const follows = followsOf(cascade);
  return {
    actorWords: actorWords(actor, chain.at(-1)?.program, actors),
    standing: chain.flatMap(({ standing }) => standing ?? []),
    ...(follows === undefined ? {} : { follows }),
    refused: cascade.refused,
    advice: advice.map(adviceWords),
    nearest: nearest.map(
      (near): ReportNearest => ({
        actor: cast.actor(actors, near.event.task),
        words: wordsOf(near.event, actors),
        differs: near.differs.map((difference) => plainDifference(difference, actors)),
        tests: near.tests.map((test) => quote(test)),
      }),
    ),
    remedies: remedies(explanation, parts),
    event: membersOf(event, actors),
  };
}

function followsOf({ follows }: Explanation["cascade"]) {
  if (follows === undefined) return undefined;
  const { number, how, program = "a program" } = follows;
  const words =
    how === "started"
      ? `which started ${quote(program)}: nothing that it does is allowed`
      : "by the same process";
  return { number, words };
}

function adviceWords({ words, rule }: Explanation["advice"][number]): string {
  const option = rule === undefined ? undefined : ruleOption(rule);
  return option === undefined ? words : `${words}: --rule ${option}`;
}

function actorWords(actor: ActorFinding, program: string | undefined, actors: Actors): string {
  const name = program === undefined ? "this program" : quote(program);
  switch (actor.kind) {
    case "known":
      return `The model knows ${name} here, doing other things.`;
    case "untold":
      return "";
    case "unknown":
      return `The model knows no ${name} here: nothing that it does is allowed.`;
    case "changed": {
      const parent = actors.programOf(actor.known.task.pTaskId);
      const starter = parent === undefined ? "nobody of the workload" : quote(parent);
      const words = actor.differs.map((difference) => {
        if (difference === "content") return "its content is another";
        if (difference === "credentials") return "it runs with other credentials";
        return `the allowed one is started by ${starter}`;
      });
      return `The model knows ${name}, but not this one: ${words.join("; ")}.`;
    }
  }
}

/** What would allow it, as commands. */
function remedies(
  { mark, number, cascade: { follows } }: Explanation,
  { target, modelFile, runId }: ViolationParts,
): string[] {
  if (mark.coefficient === undefined || modelFile === undefined) return [];
  const model = quote(modelFile);
  const numbers = follows?.how === "started" ? `${follows.number} ${number}` : `${number}`;
  const earlier = runId === undefined ? "" : ` --run ${runId}`;
  return [
    `galgo model amend ${model} ${target} ${numbers}${earlier}`,
    `galgo learn -o more.galgo.json -- COMMAND && galgo model merge -o ${model} ${model} more.galgo.json`,
  ];
}

/** The members of an event that say what was wanted, as `plainDifference` tells them. */
function membersOf(event: SecurityEvent, actors: Actors): [field: string, value: string][] {
  const found: [string, string][] = [];
  const add = (field: string, value: unknown): void => {
    if (value === undefined || value === null) return;
    if (typeof value === "object") {
      for (const [member, inner] of Object.entries(value)) add(`${field}.${member}`, inner);
      return;
    }
    const text = String(value);
    const plain = plainDifference({ field, expected: text, got: text }, actors);
    found.push([quote(field), plain.got]);
  };
  if (event.hook === "syscall") add("syscall", event.syscall);
  const cell = event.cell as unknown as Readonly<Record<string, unknown>>;
  for (const { member } of HOOKS[event.hook].cell) add(member, cell[member]);
  return found;
}
