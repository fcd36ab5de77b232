// SPDX-License-Identifier: Apache-2.0
// An explanation of a violation in words.
import { quote } from "../base/quote.ts";
import { describeEvent } from "../event/index.ts";
import type { Nearest } from "../model/index.ts";
import type { ActorFinding, Actors, Explanation } from "../orchestrator/inspect/index.ts";
import { plural, table } from "./render.ts";
import type { Painter } from "./render.ts";
import { chainText, decisionText, heldText } from "./violation-text.ts";

/** What a member that differs is called. The first matching end of its name decides. */
const FIELD_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^hook$/, "operation"],
  [/^program$/, "program"],
  [/^parent$/, "started by"],
  [/pathname$/, "path"],
  [/digest$/, "content"],
  [/flags$/, "flags"],
  [/\.created$/, "kind of created file"],
  [/\.owner$/, "created by"],
  [/\.port$/, "port"],
  [/^addr\.address$/, "address"],
];

const DIGEST = /^[0-9a-f]{64,128}$/;
const SHOWN_DIGITS = 12;

export interface Difference {
  readonly field: string;
  readonly expected: string;
  readonly got: string;
}

/** A difference with programs named and digests shortened; values are quoted. */
export function plainDifference(
  { field, expected, got }: Nearest["differs"][number],
  actors: Actors,
): Difference {
  const words = FIELD_WORDS.find(([name]) => name.test(field))?.[1] ?? field;
  const plain = (value: string): string => plainNumber(field, value) ?? plainValue(value, actors);
  return { field: words, expected: plain(expected), got: plain(got) };
}

/** Numbers that nobody reads as they are: addresses and ports in network order, flags. */
function plainNumber(field: string, text: string): string | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  if (field === "addr.address")
    return [0, 8, 16, 24].map((shift) => (value >>> shift) & 255).join(".");
  if (field === "addr.port")
    return value === 0xffff ? "any from 32768" : String(((value & 255) << 8) | (value >> 8));
  if (/flags$|prot$|cmd$/.test(field)) return `0x${value.toString(16)}`;
  return field.endsWith("mode") ? `0${value.toString(8)}` : undefined;
}

function plainValue(value: string, actors: Actors): string {
  if (/^0{64,128}$/.test(value)) return "nobody";
  if (!DIGEST.test(value)) return quote(value);
  const program = actors.programOf(value);
  return program === undefined ? `${value.slice(0, SHOWN_DIGITS)}...` : quote(program);
}

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
