// SPDX-License-Identifier: Apache-2.0
// The lines that every view has: the keys or a question at its foot, and the word that the daemon has gone.
import { type Line, line, lineWidth, type Span, span } from "../screen/line.ts";
import { cutText, printable } from "../screen/width.ts";
import { shortAge } from "./figures.ts";
import type { TopState } from "./state.ts";

/** Of a name in a question. */
const MAX_ASKED = 24;
/** Questions are longer on wider screens. */
const WIDE = 70;

/** 10^-6 as the terminal can show it. */
export function microOf({ utf8 }: TopState): string {
  return utf8 ? "µ" : "u";
}

/** While the daemon is gone, does not answer, or may not be asked. */
export function goneLine({ daemon, now }: TopState): Line | undefined {
  const alarm = (text: string): Line => ({ spans: [span(` ${text}`)], base: "alarm" });
  switch (daemon.kind) {
    case "closed":
      return alarm(`only what runs alone is shown: ${daemon.problem}`);
    case "silent":
      return alarm(`no answer for ${shortAge(now - daemon.since)}: this is what was seen last`);
    case "gone": {
      const age = shortAge(now - daemon.since);
      const what = `the daemon is gone for ${age}: what it ran is shown as last seen`;
      return alarm(`${what}; trying again (${daemon.problem})`);
    }
    default:
      return undefined;
  }
}

/** Rows that it takes. */
export function goneRows(state: TopState): number {
  return goneLine(state) === undefined ? 0 : 1;
}

/** The last line: what is asked, else what there is to say, else the keys. */
export function footLine(state: TopState, keys: readonly (readonly [string, string])[]): Line {
  const { prompt, remark, now, size } = state;
  if (prompt?.kind === "filter")
    return line(
      span(" filter ", "key"),
      ` ${prompt.text}`,
      span("_", "strong"),
      span("   Enter keeps it, Esc not", "faint"),
    );
  if (prompt?.kind === "kill") {
    const { name, attached } = prompt;
    const [what, follows] = attached
      ? ["set free", " Its processes go on."]
      : ["kill", " All its processes end."];
    const more = size.columns < WIDE ? "" : follows;
    const asked = ` ${what} ${cutText(printable(name), MAX_ASKED)}?${more} y: yes, any other key: no`;
    return { spans: [span(asked)], base: "alarm" };
  }
  if (remark !== undefined && now < remark.until)
    return line(span(` ${remark.text}`, remark.bad ? "bad" : "good"));
  return keysLine(keys, size.columns);
}

/** As many keys as fit; the last one always does. */
function keysLine(keys: readonly (readonly [string, string])[], width: number): Line {
  const spansOf = ([key, meaning]: readonly [string, string]): Span[] => [
    span(key, "key"),
    span(` ${meaning}  `),
  ];
  const last = keys.at(-1);
  const end = last === undefined ? [] : spansOf(last);
  // the blanks behind the last one may be missing
  let room = width - lineWidth({ spans: end }) + 2;
  const kept: Span[] = [];
  for (const key of keys.slice(0, -1)) {
    const spans = spansOf(key);
    const size = lineWidth({ spans });
    if (size > room) continue;
    room -= size;
    kept.push(...spans);
  }
  return { spans: [...kept, ...end] };
}
