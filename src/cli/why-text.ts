// SPDX-License-Identifier: Apache-2.0
// An explanation of a violation in words.
import { quote } from "../base/quote.ts";
import { describeEvent } from "../event/index.ts";
import type { Nearest } from "../model/index.ts";
import { plainDifference, SHOWN_DIGITS } from "../orchestrator/inspect/index.ts";
import type { ActorFinding, Actors, Explanation } from "../orchestrator/inspect/index.ts";
import { plural, table } from "./render.ts";
import type { Painter } from "./render.ts";
import { chainText, decisionText, heldText } from "./violation-text.ts";

/** Name of a program for `describeEvent`. */
export function programNames(actors: Actors): (taskId: string) => string | undefined {
  return (taskId) => actors.programOf(taskId);
}

export function explanationText(explanation: Explanation, name: string, paint: Painter): string {
  const { number, total, event, mark, chain, actors } = explanation;
  const actor = chain.at(-1);
  const lines = [
    `${paint.bold(`Violation ${number} of ${total}`)}, ${decisionText(mark.decision)}`,
    "",
    table(
      [
        [
          "who",
          chainText(chain.map(({ program }) => program)) +
            (actor?.forked === true ? " (forked)" : ""),
        ],
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
      ],
      "  ",
    ),
    "",
    ...actorLines(explanation.actor, chain.at(-1)?.program, actors),
    ...nearestLines(explanation, paint),
    paint.bold("To allow it"),
    ...remedyLines(explanation, name),
    ...explanation.notices.map((notice) => `${paint.yellow("note:")} ${notice}`),
  ];
  return lines.join("\n");
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
    lines.push(`  ${chain} ${describeEvent(near.event, programNames(actors))}`);
    const rows = near.differs.map((difference) => {
      const { field, expected, got } = plainDifference(difference, actors);
      return [paint.dim(field), `allowed ${expected}`, `here ${got}`];
    });
    if (rows.length > 0) lines.push(table(rows, "      "));
  }
  return [...lines, ""];
}

/** True when the workload made the file itself while it learned, and here it was there before. */
function wasMadeBefore(nearest: Nearest | undefined): boolean {
  return (
    nearest?.differs.some(({ field, got }) => field.endsWith("path.created") && got === "absent") ??
    false
  );
}

function remedyLines({ mark, nearest, actor }: Explanation, name: string): string[] {
  const lines: string[] = [];
  const [closest] = nearest;
  if (wasMadeBefore(closest)) {
    lines.push(
      "  the workload made this file itself while it learned, and here it was there before:",
      "  remove it before the run, or learn both ways (galgo learn --runs 2)",
    );
  }
  if (mark.coefficient !== undefined) {
    lines.push(`  the model needs one more point: ${mark.coefficient}`);
  }
  if (closest !== undefined && actor.kind === "known" && closest.differs.length === 1) {
    lines.push("  or the workload has to do what is allowed: it differs in one thing only");
  }
  lines.push(
    "  let the workload do it while it learns, and add what was learned:",
    `    galgo learn --name ${name} -o more.galgo.json -- COMMAND`,
    "    galgo model merge -o MODEL MODEL more.galgo.json",
  );
  return lines;
}

/** "and 2 more violations" for the end. */
export function othersText({ number, total }: Explanation, name: string): string | undefined {
  if (total <= 1) return undefined;
  const next = number < total ? number + 1 : 1;
  return `${plural(total - 1, "other violation")}: galgo why ${name} ${next}`;
}
