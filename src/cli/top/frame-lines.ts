// SPDX-License-Identifier: Apache-2.0
// The lines that every view has: the keys or a question at its foot, and the word that the daemon has gone.
import { type Line, line, lineWidth, type Span, span } from "../screen/line.ts";
import { shortAge } from "./figures.ts";
import type { TopState } from "./state.ts";

/** 10^-6 as the terminal can show it. */
export function microOf({ utf8 }: TopState): string {
  return utf8 ? "µ" : "u";
}

/** While the daemon is gone, or may not be asked. */
export function goneLine({ daemon, now }: TopState): Line | undefined {
  if (daemon.kind === "closed")
    return { spans: [span(` only what runs alone is shown: ${daemon.problem}`)], base: "alarm" };
  if (daemon.kind !== "gone") return undefined;
  const text = ` the daemon is gone for ${shortAge(now - daemon.since)}: what it ran is shown as last seen; trying again (${daemon.problem})`;
  return { spans: [span(text)], base: "alarm" };
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
  if (prompt?.kind === "kill")
    return {
      spans: [span(` kill ${prompt.name} and all its processes? y: yes, any other key: no`)],
      base: "alarm",
    };
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
