// SPDX-License-Identifier: Apache-2.0
// A report of a large run that nobody made: so many behaviours and processes.
import type { BehaviourRow, ProcessRow, ReportData } from "../../src/model/report/data.ts";
import { REPORT_FORMAT, REPORT_KINDS } from "../../src/model/report/index.ts";

/** Of each process after the first: a child of the first, or of the one before. */
const CHAIN = 10;

export function aLargeReport(behaviours: number, processes: number): ReportData {
  const programs = Array.from({ length: 50 }, (_, i) => `/usr/bin/program-${i}`);
  const actors = programs.map((_, program) => ({ program, before: [0], forked: false }));
  const rows = Array.from({ length: behaviours }, (_, i): BehaviourRow => {
    const words = `opens /srv/data/directory-${i % 97}/file-${i} for reading`;
    return [i % actors.length, i % REPORT_KINDS.length, i % 3, words, i % 7, i / 10, [], 1];
  });
  const tree = Array.from({ length: processes }, (_, i): ProcessRow => {
    const parent = i === 0 ? -1 : i % CHAIN === 0 ? 0 : i - 1;
    return [parent, 1_000 + i, i, i + 50, -1, [[i, i % programs.length]]];
  });
  return {
    format: REPORT_FORMAT,
    made: "2026-11-22T00:00:00.000Z",
    version: "0.0.0",
    name: "large",
    notices: [],
    programs,
    actors,
    behaviours: {
      of: "run",
      kinds: REPORT_KINDS,
      hooks: ["file_open", "mmap_file", "socket_connect"],
      tests: [],
      rows,
      unnamed: 0,
      more: [],
    },
    processes: { of: "processes", spanMs: processes + 50, rows: tree, left: 0 },
    violations: { list: [], refused: [], left: 0 },
  };
}
