// SPDX-License-Identifier: Apache-2.0
// points.jsonl of a run: every coefficient with its count, in the order of discovery.
import type { SecurityPoint } from "../../model/runtime/index.ts";
import { quote } from "../../base/quote.ts";
import { RecordFileError } from "../errors.ts";
import { readLines } from "./line-reader.ts";
import { writeAtomic } from "../state-dir.ts";

/** One point; `valid` is false for what was found outside a sealed model. */
export interface PointLine {
  readonly coefficient: string;
  readonly count: number;
  readonly valid: boolean;
}

/** Coefficients of the points that belong to the model, in the order of discovery. */
export function validPoints(points: readonly SecurityPoint[]): string[] {
  return points.flatMap(({ coefficient, valid }) => (valid ? [coefficient] : []));
}

export function writePoints(path: string, points: readonly SecurityPoint[]): void {
  const lines = points.map(({ coefficient, count, valid }) =>
    JSON.stringify({ coefficient, count, valid }),
  );
  writeAtomic(path, lines.length === 0 ? "" : `${lines.join("\n")}\n`);
}

/** @throws RecordFileError */
export function readPoints(path: string): PointLine[] {
  const points: PointLine[] = [];
  for (const { number, text } of readLines(path)) points.push(parsePoint(path, number, text));
  return points;
}

function parsePoint(path: string, line: number, text: string): PointLine {
  try {
    const { coefficient, count, valid } = JSON.parse(text) as Partial<PointLine>;
    if (
      typeof coefficient === "string" &&
      typeof count === "number" &&
      typeof valid === "boolean"
    ) {
      return { coefficient, count, valid };
    }
  } catch {
    // told below
  }
  throw new RecordFileError("BAD_RECORD", `${quote(path)}: line ${line} is not a point`);
}
