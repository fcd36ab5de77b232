// SPDX-License-Identifier: Apache-2.0
// From one picture of a screen to the next: only the rows that differ are written.

/** Begin and end of an update that a terminal shows at once (mode 2026); terminals that do not know it ignore it. */
const HOLD = "\u001b[?2026h";
const SHOW = "\u001b[?2026l";

/**
 * What turns a screen that shows `before` into one that shows `after`; empty when nothing differs. Rows are addressed one by one:
 * a row that a terminal draws wider or narrower than expected leaves the others where they are.
 */
export function frame(before: readonly string[], after: readonly string[]): string {
  const rows = after.flatMap((text, row) =>
    text === before[row] ? [] : [`\u001b[${row + 1};1H${text}`],
  );
  const gone = before.length > after.length ? `\u001b[${after.length + 1};1H\u001b[J` : "";
  return rows.length === 0 && gone === "" ? "" : HOLD + rows.join("") + gone + SHOW;
}
