// SPDX-License-Identifier: Apache-2.0
// The ways to split a line in a kernel's spelling into members, when a name in it may hold quotes: each text may end wherever what must
// stand behind it stands. The work is bounded by MAX_SPLITS.
import { MAX_SPLITS } from "./limits.ts";
import { scanRecord } from "./scan-record.ts";
import { Scanner, type Span, scanned } from "./scanner.ts";
import type { TsemRecord } from "./tsem-record.ts";

/** One way to read a line, and where its texts stand. */
export interface Reading {
  readonly record: TsemRecord;
  readonly spans: readonly Readonly<Span>[];
  /** Where the CELL begins; the end of the line in a record without one. */
  readonly cellStart: number;
}

/** What is known of the readings of a line. */
export interface Readings {
  /** At most two: a second one is enough to refuse the line. */
  readonly found: readonly Reading[];
  /** The search was given up. */
  readonly tooMany: boolean;
  /** The line ends inside a text, behind a beginning that is as it should be. */
  readonly open: boolean;
  /** A name in it may have escaped quotes. */
  readonly mayEscape: boolean;
}

/**
 * Readings of a line. Kernels of 2025 escape quotes in names, so in records of their shape a name holds escaped quotes only; when there is
 * no such reading the kernel did not escape, and a name may hold anything.
 */
export function readings(line: string): Readings {
  const escaped = search(line, true);
  const settled = escaped.found.length > 0 || escaped.tooMany || !escaped.mayEscape;
  return settled ? escaped : search(line, false);
}

function search(line: string, escapes: boolean): Readings {
  const s = new Scanner();
  s.start(line);
  s.escapes = escapes;
  const found: Reading[] = [];
  for (let tries = 0; ; tries++) {
    if (tries === MAX_SPLITS) {
      return { found, tooMany: true, open: s.open, mayEscape: s.mayEscape };
    }
    const record = attempt(s);
    if (record !== undefined) {
      const spans = s.spans.map((span) => ({ ...span }));
      found.push({ record, spans, cellStart: s.cellStart });
    }
    if (found.length > 1 || !s.decideAnew()) {
      return { found, tooMany: false, open: s.open, mayEscape: s.mayEscape };
    }
  }
}

function attempt(s: Scanner): TsemRecord | undefined {
  s.restart();
  s.cellStart = s.text.length;
  return scanned(s, scanRecord);
}
