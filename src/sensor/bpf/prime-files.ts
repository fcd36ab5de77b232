// SPDX-License-Identifier: Apache-2.0
// Keys of what may be done with an open file where nobody can wait: fcntl, ioctl of 32-bit programs, making mapped memory executable.
// The words of the file's object come from a record that told of it; which commands there may be, from hints.
import type { FileId } from "../../event/cell/file.ts";
import type { HookName, SecurityEvent, TaskIdentity } from "../../event/event.ts";
import { EXECUTABLE, FCNTL_COMMANDS, imagined } from "./domains.ts";
import { TOLD_FLAGS } from "./objects.ts";
import type { PrimeOptions } from "./prime.ts";
import type { PrimedKey, SeenActor, SeenFile } from "./types.ts";

/** Flags that only the open itself sees: O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC. */
const OF_THE_OPEN = 0x3c0;
/** What the description of the object depends on: access mode, opened to be run. */
const KEPT_FLAGS = 0x23;

type FileHook = "file_fcntl" | "file_ioctl_compat" | "file_mprotect";
const FILE_HOOKS: ReadonlySet<HookName> = new Set<HookName>([
  "file_fcntl",
  "file_ioctl_compat",
  "file_mprotect",
]);

/** Something that was done with some file. */
interface Command {
  readonly hook: FileHook;
  /** Command or protection. */
  readonly value: number;
  /** Flags that the file had; undefined: those that it was opened with. */
  readonly flags: number | undefined;
}

export class FileHints {
  readonly #options: PrimeOptions;
  /** By identity, each once. */
  readonly #commands = new Map<string, Map<string, Command>>();

  constructor(options: PrimeOptions) {
    this.#options = options;
  }

  /** @returns false when the event is about no file */
  add(event: SecurityEvent): boolean {
    const command = FILE_HOOKS.has(event.hook) ? commandOf(event) : undefined;
    if (command === undefined) return false;
    const key = nameOf(event.task);
    const list = this.#commands.get(key) ?? new Map<string, Command>();
    this.#commands.set(key, list);
    list.set(`${command.hook} ${command.value} ${command.flags}`, command);
    return true;
  }

  keys(actor: SeenActor, seen: SeenFile): readonly PrimedKey[] {
    const { identities, sink, keys, enumerate } = this.#options;
    const task = identities.identityOf(actor.identity);
    if (task === undefined) return [];
    const found: PrimedKey[] = [];
    const known = this.#commands.get(nameOf(task))?.values() ?? [];
    for (const command of [...known, ...(enumerate ? usual(seen) : [])]) {
      if ((command.hook === "file_mprotect") !== seen.asProgram) continue;
      const flags = (seen.flags & ~OF_THE_OPEN & ~TOLD_FLAGS) | (command.flags ?? afterOpen(seen));
      if (((flags ^ seen.flags) & KEPT_FLAGS) !== 0) continue;
      const file = { ...seen.file, flags: flags & TOLD_FLAGS };
      const point = sink.pointOf(eventOf(command, { task, actor, file }));
      if (point === undefined) continue;
      const args = [BigInt(flags >>> 0), BigInt(command.value)];
      const what = { hook: command.hook, args, objects: [seen.words] };
      found.push({ key: keys.keyOf(actor, what), point });
    }
    return found;
  }
}

function afterOpen({ flags }: SeenFile): number {
  return flags & TOLD_FLAGS & ~OF_THE_OPEN;
}

function usual({ asProgram }: SeenFile): readonly Command[] {
  const hook = asProgram ? "file_mprotect" : "file_fcntl";
  const values = asProgram ? EXECUTABLE : FCNTL_COMMANDS;
  return values.map((value) => ({ hook, value, flags: undefined }));
}

/** undefined: of memory that is no file's. */
function commandOf(event: SecurityEvent): Command | undefined {
  switch (event.hook) {
    case "file_fcntl":
    case "file_ioctl_compat":
      return { hook: event.hook, value: event.cell.cmd, flags: event.cell.file.flags };
    case "file_mprotect":
      return event.cell.file === undefined
        ? undefined
        : { hook: event.hook, value: event.cell.prot, flags: event.cell.file.flags };
    default:
      return undefined;
  }
}

function eventOf(
  { hook, value }: Command,
  { task, actor, file }: { task: TaskIdentity; actor: SeenActor; file: FileId },
): SecurityEvent {
  const doer = { task, coe: actor.coe };
  return hook === "file_mprotect"
    ? imagined(doer, hook, { file, prot: value })
    : imagined(doer, hook, { file, cmd: value });
}

function nameOf({ taskId, pTaskId }: TaskIdentity): string {
  return `${taskId} ${pTaskId}`;
}
