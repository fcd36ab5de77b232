// SPDX-License-Identifier: Apache-2.0
// The screen of `galgo top` for a state: exactly as many lines as it has rows.
import { type Line, line, span } from "../screen/line.ts";
import { filled, listView } from "./list-view.ts";
import type { TopState } from "./state.ts";
import { textView } from "./text-view.ts";
import { workloadView } from "./workload-view.ts";

/** Below that there is nothing to lay out. */
const MIN_COLUMNS = 16;
const MIN_ROWS = 4;

export function view(state: TopState): Line[] {
  const { rows, columns } = state.size;
  if (columns < MIN_COLUMNS || rows < MIN_ROWS)
    return filled([line(span("too small", "warn"))], rows);
  return filled(shown(state), rows);
}

function shown(state: TopState): Line[] {
  switch (state.view.kind) {
    case "list":
      return listView(state);
    case "workload":
      return workloadView(state, state.view);
    case "text":
      return textView(state, state.view);
  }
}
