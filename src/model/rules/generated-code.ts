// SPDX-License-Identifier: Apache-2.0
// The rule `generated-code`: what programs that write code into memory and run it do in one start and not in the next, or on one filesystem only.
// V8 wants its built-in functions near the code that it generates. Where chance has put its program too far away it maps the program's file
// once more; where that can not be (the file's device in /proc/self/maps is not that of fstat, as on overlayfs) it copies them into
// anonymous memory, which it then makes executable.
import type { FileId } from "../../event/cell/file.ts";
import type { SecurityEvent } from "../../event/event.ts";
import type { ProfileSpec } from "./rules.ts";

const WRITE_AND_EXEC = 6;
const READ_AND_EXEC = 5;
/** O_RDONLY as the kernel sees it (O_LARGEFILE). */
const READ_ONLY = 0x8000;

/**
 * For each program, with each of its credentials, that made anonymous memory writable and executable at once: making it executable alone, and
 * opening and mapping its own program file. Who may do the first gains nothing from the others. Nothing when the rule is not listed.
 * @param events identity records among them
 */
export function generatedCode(
  events: Iterable<SecurityEvent>,
  { rules }: ProfileSpec,
): readonly SecurityEvent[] {
  if (!rules.some(({ rule }) => rule === "generated-code")) return [];
  const programs = new Map<string, FileId>();
  const makers = new Map<string, SecurityEvent>();
  for (const e of events) {
    if (e.hook === "bprm_committed_creds") programs.set(e.task.taskId, e.cell.file);
    else if (writesCode(e)) {
      const key = [e.task.taskId, e.task.pTaskId, ...Object.values(e.coe)].join();
      if (!makers.has(key)) makers.set(key, e);
    }
  }
  return [...makers.values()].flatMap((e) => alike(e, programs.get(e.task.taskId)));
}

function writesCode(e: SecurityEvent): boolean {
  return (
    e.hook === "file_mprotect" &&
    e.cell.file === undefined &&
    (e.cell.prot & WRITE_AND_EXEC) === WRITE_AND_EXEC
  );
}

function alike(e: SecurityEvent, program: FileId | undefined): readonly SecurityEvent[] {
  const { hook: _hook, cell: _cell, ...actor } = e;
  const prot = READ_AND_EXEC;
  const copied: SecurityEvent = { ...actor, hook: "file_mprotect", cell: { prot } };
  if (program === undefined) return [copied];
  const file = { ...program, flags: READ_ONLY };
  return [
    copied,
    { ...actor, hook: "file_open", cell: { file } },
    { ...actor, hook: "mmap_file", cell: { file, prot, flags: prot } },
  ];
}
