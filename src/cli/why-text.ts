// SPDX-License-Identifier: Apache-2.0
// An explanation of a violation in words.
import { quote } from "../base/quote.ts";
import { describeEvent } from "../event/index.ts";
import { plainDifference, ruleOption, SHOWN_DIGITS } from "../orchestrator/inspect/index.ts";
import type { ActorFinding, Actors, Explanation } from "../orchestrator/inspect/index.ts";
import { plural, table } from "./render.ts";
import type { Painter } from "./render.ts";
import { chainText, decisionText, heldText } from "./violation-text.ts";

/** Tests of a neighbour that are named. */
const MAX_TESTS = 3;

/** Name of a program for `describeEvent`. */
export function programNames(actors: Actors): (taskId: string) => string | undefined {
  return (taskId) => actors.programOf(taskId);
}

/** What a reader can type. */
export interface WhyNames {
  /** Of the run, or the file that was given. */
  readonly name: string;
  /** The model's file, where it is known. */
  readonly model: string | undefined;
  /** Where an earlier run was asked for. */
  readonly runId: string | undefined;
}

export function explanationText(explanation: Explanation, names: WhyNames, paint: Painter): string {
  const { number, total, event, mark, chain, actors } = explanation;
  const lines = [
    `${paint.bold(`Violation ${number} of ${total}`)}, ${decisionText(mark.decision)}`,
    "",
    table(
      [
        ...chainRows(chain, paint),
        [
          "",
          paint.dim(
            `process ${quote(event.process)}, pid ${event.pid}, uid ${event.coe.euid}, TASK_ID ${event.task.taskId.slice(0, SHOWN_DIGITS)}...`,
          ),
        ],
        ["what", describeEvent(event, programNames(actors))],
        [
          "when",
          mark.reason === undefined
            ? heldText(mark.heldUs)
            : `${heldText(undefined)} (${mark.reason})`,
        ],
        ...cascadeRows(explanation),
      ],
      "  ",
    ),
    "",
    ...actorLines(explanation.actor, chain.at(-1)?.program, actors),
    ...nearestLines(explanation, paint),
    ...adviceLines(explanation, names, paint),
    paint.bold("To allow it"),
    ...remedyLines(explanation, names),
    ...explanation.notices.map((notice) => `${paint.yellow("note:")} ${notice}`),
  ];
  return lines.join("\n");
}

const STANDING_WORDS = {
  known: "",
  changed: "not the one of the model",
  unknown: "not in the model",
};

/** Program by program, the first one of the workload first. */
function chainRows(chain: Explanation["chain"], paint: Painter): string[][] {
  return chain.map(({ program, forked, standing = "known" }, i) => {
    const name = chainText([program]);
    const words = [...(forked ? ["forked"] : []), ...[STANDING_WORDS[standing]].filter(Boolean)];
    const more = words.length === 0 ? "" : `  ${paint.yellow(`(${words.join(", ")})`)}`;
    return [i === 0 ? "who" : "", `${i === 0 ? "" : "> "}${name}${more}`];
  });
}

function cascadeRows({ cascade: { follows, refused } }: Explanation): string[][] {
  const rows: string[][] = [];
  if (follows?.how === "started") {
    const program = chainText([follows.program]);
    rows.push([
      "after",
      `violation ${follows.number}, the start of ${program}: nothing that it does is allowed`,
    ]);
  }
  if (follows?.how === "same process")
    rows.push(["after", `violation ${follows.number}, by the same process`]);
  if (refused > 0) rows.push(["then", `${plural(refused, "other call")} of this process refused`]);
  return rows;
}

/** What keeps it out, and what would cover it. */
function adviceLines({ advice }: Explanation, names: WhyNames, paint: Painter): string[] {
  if (advice.length === 0) return [];
  const lines = [paint.bold("What it looks like")];
  for (const { words, rule } of advice) {
    lines.push(`  ${words}`);
    const option = rule === undefined ? undefined : ruleOption(rule);
    if (option !== undefined) lines.push(`    ${amendCommand(names)} --rule ${option}`);
  }
  return [...lines, ""];
}

function actorLines(actor: ActorFinding, program: string | undefined, actors: Actors): string[] {
  const name = program === undefined ? "this program" : quote(program);
  switch (actor.kind) {
    case "known":
    case "untold":
      return [];
    case "unknown":
      return [`  The model knows no ${name} here: nothing that it does is allowed.`, ""];
    case "changed": {
      const { known, differs } = actor;
      const parent = actors.programOf(known.task.pTaskId);
      const words = differs.map((difference) => {
        if (difference === "content") return "its content is another";
        if (difference === "credentials") return "it runs with other credentials";
        return `the allowed one is started by ${parent === undefined ? "nobody" : quote(parent)}`;
      });
      return [`  The model knows ${name}, but not this one: ${words.join("; ")}.`, ""];
    }
  }
}

function nearestLines({ nearest, actors }: Explanation, paint: Painter): string[] {
  if (nearest.length === 0) return [];
  const lines = [paint.bold("Nearest allowed")];
  for (const near of nearest) {
    const chain = chainText(actors.chainOf(near.event.task).map(({ program }) => program));
    lines.push(`  ${chain} ${describeEvent(near.event, programNames(actors))}${testsText(near)}`);
    const rows = near.differs.map((difference) => {
      const { field, expected, got } = plainDifference(difference, actors);
      return [paint.dim(field), `allowed ${expected}`, `here ${got}`];
    });
    if (rows.length > 0) lines.push(table(rows, "      "));
  }
  return [...lines, ""];
}

/** Tests that a neighbour comes from. */
function testsText({ tests }: Explanation["nearest"][number]): string {
  if (tests.length === 0) return "";
  const shown = tests.slice(0, MAX_TESTS).map((test) => quote(test, 60));
  const more = tests.length > shown.length ? ", ..." : "";
  return `  [learned in ${shown.join(", ")}${more}]`;
}

function modelName({ model }: WhyNames): string {
  return model === undefined ? "MODEL" : quote(model);
}

function amendCommand(names: WhyNames): string {
  const { name, runId } = names;
  const earlier = runId === undefined ? "" : ` --run ${runId}`;
  return `galgo model amend ${modelName(names)} ${quote(name)}${earlier}`;
}

function remedyLines({ number, cascade }: Explanation, names: WhyNames): string[] {
  const { follows } = cascade;
  const { name } = names;
  const file = modelName(names);
  const started = follows?.how === "started";
  const numbers = started ? `${follows.number} ${number}` : `${number}`;
  return [
    started
      ? "  add exactly this and the start of the program to the model (--all: everything of this run), after a look at it:"
      : "  add exactly this to the model, after a look at it:",
    `    ${amendCommand(names)} ${numbers}`,
    "  or let the workload do it while it learns, and add what was learned:",
    `    galgo learn --name ${quote(name)} -o more.galgo.json -- COMMAND`,
    `    galgo model merge -o ${file} ${file} more.galgo.json`,
  ];
}

/** "and 2 more violations" for the end. */
export function othersText({ number, total }: Explanation, name: string): string | undefined {
  if (total <= 1) return undefined;
  const next = number < total ? number + 1 : 1;
  return `${plural(total - 1, "other violation")}: galgo why ${name} ${next}`;
}
