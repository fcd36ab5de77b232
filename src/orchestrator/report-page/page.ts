// SPDX-License-Identifier: Apache-2.0
// Puts the data of a report into its page. The data stands in a script element that no browser runs; nothing in it can end that element.
import { shown } from "../../event/index.ts";
import type { ReportData } from "../../model/report/data.ts";
import { ReportError } from "../errors.ts";
import { writingTo } from "../models/write-model.ts";
import { writeAtomic } from "../state-dir.ts";

/** Stands in the built page where the data belongs. */
export const DATA_MARK = '<script type="application/json" id="data"></script>';
const TITLE_MARK = "<title>Galgo report</title>";

/** @throws ReportError BAD_TEMPLATE: the built page is of another version */
export function reportPage(template: string, data: ReportData): string {
  for (const mark of [DATA_MARK, TITLE_MARK]) {
    if (template.split(mark).length !== 2)
      throw new ReportError(
        "BAD_TEMPLATE",
        "the page that Galgo was built with does not fit; build or install Galgo again",
      );
  }
  return template
    .replace(TITLE_MARK, () => `<title>${escapeText(data.name)}: Galgo report</title>`)
    .replace(DATA_MARK, () => DATA_MARK.replace("><", () => `>${scriptJson(data)}<`));
}

/**
 * JSON that is safe inside of a script element: no `<`, `>` or `&`, no line separators, no controls, nothing that changes the direction of writing.
 * All of them only ever stand in strings, where `\uXXXX` means the same.
 */
export function scriptJson(value: unknown): string {
  return shown(JSON.stringify(value)).replace(/[<>&]/g, escaped);
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function escapeText(text: string): string {
  return text.replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Whole or not at all, for its owner only: it tells what the workload does. @throws StateError NOT_WRITABLE */
export function writeReportPage(output: string, page: string): void {
  writingTo(output, () => writeAtomic(output, page, { durable: true }));
}
