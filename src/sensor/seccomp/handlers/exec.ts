// SPDX-License-Identifier: Apache-2.0
// execve and execveat: every file the kernel will open to run the program is decided on (script, interpreters,
// program, dynamic loader); the call then goes on in the task, and at the task's next event /proc/PID/exe must be
// the program that was decided on.
import type { FileId } from "../../../event/cell/file.ts";
import { errno } from "../../../native/libc.ffi.ts";
import { sys } from "../../../native/syscalls.ffi.ts";
import { asAgent } from "../agent-self.ts";
import type { Call } from "../call.ts";
import { eventOf, shownCoe } from "../event-of.ts";
import { type ExecImage, readImage } from "../image.ts";
import { AT, E, EXEC_FLAGS, O } from "../../file/open-flags.ts";
import { CONTINUE, type Reply, fail } from "../reply.ts";
import { type Resolved, openTaskFd, resolve } from "../resolve.ts";
import { FileType, type Stat, fdName, isSettled, ownFdDirectory } from "../../file/stat.ts";
import type { Task } from "../tasks.ts";
import { Unseen, Unwanted } from "../../file/unseen.ts";
import { MAX_INTERPRETERS } from "../limits.ts";

type FoundObject = Extract<Resolved, { kind: "found" }>;
const USE = { hook: "file_open", flags: EXEC_FLAGS } as const;
const ENOEXEC = 8;
/** AT_EXECVE_CHECK (6.14): asks whether a file may be run, and runs nothing. */
const EXECVE_CHECK = 0x10000;
const EXECVEAT_FLAGS = AT.EMPTY_PATH | AT.SYMLINK_NOFOLLOW | EXECVE_CHECK;

/** execve, execveat. */
export function exec(call: Call): Reply {
  const { at } = call.rule;
  const path = call.string(at.path ?? 0);
  if (typeof path === "number") return fail(path);
  const acting = call.acting();
  const flags = at.flags === undefined ? 0 : call.u32(at.flags);
  if ((flags & ~EXECVEAT_FLAGS) !== 0) return fail(E.INVAL);
  const first = call.as(acting, () => resolveProgram(call, path, flags));
  if (first.kind !== "found") {
    return call.unresolved(first.kind === "error" ? first.errno : E.NOENT, acting);
  }
  const opened: FoundObject[] = [first];
  try {
    const error = call.as(acting, () => collectImages(call, opened));
    return error === 0 ? decide(call, opened) : call.unresolved(error, acting);
  } finally {
    for (const object of opened) sys().close(object.fd);
  }
}

function resolveProgram(call: Call, path: Buffer, flags: number): Resolved {
  const { at } = call.rule;
  if (path.length === 1 && (flags & AT.EMPTY_PATH) !== 0 && at.dirfd !== undefined) {
    return openTaskFd(call.task, call.i32(at.dirfd));
  }
  const follow = (flags & AT.SYMLINK_NOFOLLOW) === 0;
  return resolve(call.origin(at.dirfd), path, { follow });
}

/** Follows #! lines, then PT_INTERP. Appends what is opened; returns an errno that the kernel would give, or 0. */
function collectImages(call: Call, opened: FoundObject[]): number {
  for (let depth = 0; depth <= MAX_INTERPRETERS; depth++) {
    const program = opened.at(-1);
    if (program === undefined) return E.NOENT;
    const image = imageOf(program);
    const error = executable(program) || openNext(call, nextOf(image), opened);
    if (error !== 0 || image.kind !== "script") return error;
  }
  return E.LOOP;
}

/** The file that the kernel opens after this one. */
function nextOf(image: ExecImage): Buffer | undefined {
  if (image.kind === "script") return image.interpreter;
  return image.kind === "elf" ? image.loader : undefined;
}

function openNext(call: Call, path: Buffer | undefined, opened: FoundObject[]): number {
  if (path === undefined) return 0;
  const next = resolve(call.origin(undefined), path, { follow: true });
  if (next.kind !== "found") return next.kind === "error" ? next.errno : E.NOENT;
  opened.push(next);
  return 0;
}

/** faccessat2 with AT_EACCESS asks for the credentials in force, which are the task's while the agent acts for it. */
function executable(program: FoundObject): number {
  if (program.stat.type === FileType.symlink) return E.LOOP;
  if (program.stat.type !== FileType.regular) return E.ACCES;
  const FACCESSAT2 = 439;
  const X_OK = 1;
  const AT_EACCESS_EMPTY_PATH = 0x200 | AT.EMPTY_PATH;
  const empty = Buffer.from("\0");
  const denied = sys().syscallPath4Number(
    FACCESSAT2,
    program.fd,
    empty,
    X_OK,
    AT_EACCESS_EMPTY_PATH,
  );
  return Number(denied) === 0 ? 0 : errno();
}

/** Kinds of programs by content: the same few programs are run again and again. */
const images = new Map<string, ExecImage>();
const MAX_KINDS = 4096;

function imageOf(program: FoundObject): ExecImage {
  const known = images.get(program.stat.contentKey);
  if (known !== undefined) return known;
  const flags = O.CLOEXEC | O.NONBLOCK;
  const fd = asAgent(() => sys().openat(ownFdDirectory(), fdName(program.fd), flags, 0));
  if (fd < 0) return { kind: "unreadable" };
  const image = readImage(fd);
  sys().close(fd);
  if (!isSettled(program.stat)) return image;
  if (images.size >= MAX_KINDS) images.clear();
  images.set(program.stat.contentKey, image);
  return image;
}

function decide(call: Call, opened: readonly FoundObject[]): Reply {
  const { task, bench } = call;
  const { process } = task;
  const files: FileId[] = [];
  for (const { fd, stat } of opened) {
    const file = bench.objects.file(process, fd, stat, USE);
    files.push(file);
    const refusal = call.refusal("file_open", { file });
    if (refusal !== undefined) return refusal;
  }
  const program = programOf(opened, files);
  if (program === undefined) return fail(ENOEXEC);
  const checked = process.execs.expect(task.tid, {
    expected: program.stat.key,
    succeeded: (after, image) => {
      if (isUnchanged(call, after, program, image)) identify(call, after, program.file);
      else contradict(call, after, program.file);
    },
    contradicted: (after) => contradict(call, after, program.file),
  });
  if (!checked) throw new Unseen("unreadable-task", `image of pid ${process.tgid}`);
  task.stale = true;
  return CONTINUE;
}

/** The file that /proc/PID/exe will name: the last one that is not a script, before its loader. */
function programOf(
  opened: readonly FoundObject[],
  files: readonly FileId[],
): { stat: Stat; file: FileId; settled: boolean } | undefined {
  for (let i = 0; i < opened.length; i++) {
    const object = opened[i];
    const file = files[i];
    if (object === undefined || file === undefined) return undefined;
    if (imageOf(object).kind === "script") continue;
    return { stat: object.stat, file, settled: isSettled(object.stat) };
  }
  return undefined;
}

/**
 * Whether the running program has the content that was decided on: between the two it could be written to through a descriptor that was
 * open. While it runs the kernel lets nobody write.
 */
function isUnchanged(
  { bench }: Call,
  task: Task,
  decided: { readonly stat: Stat; readonly file: FileId; readonly settled: boolean },
  image: Stat,
): boolean {
  if (decided.settled && image.contentKey === decided.stat.contentKey) return true;
  const link = Buffer.from(`/proc/${task.tid}/exe\0`, "latin1");
  const fd = sys().open(link, O.PATH | O.CLOEXEC, 0);
  if (fd < 0) return false;
  try {
    const file = bench.objects.file(task.process, fd, image, USE);
    return file.digest === decided.file.digest;
  } catch (error) {
    if (error instanceof Unwanted) throw error;
    return false; // unreadable now: nothing says that it is the same
  } finally {
    sys().close(fd);
  }
}

function identify(call: Call, task: Task, file: FileId): void {
  const { process } = task;
  process.name = task.status.name;
  process.identity = call.bench.sink.execed(process.identity, {
    file,
    pid: process.tgid,
    process: process.name,
    coe: shownCoe(task),
  });
}

/** The program that runs is not the one that was decided on: somebody rewrote the path, or a handler of the kernel took over. */
function contradict(call: Call, task: Task, file: FileId): void {
  const { sink, tasks } = call.bench;
  const decision = sink.violated(
    eventOf(task, "file_open", { file }, "execve"),
    "another program runs than the one that was allowed",
  );
  if (decision.discipline) task.process.discipline();
  // it was reported as who it was; from now on it is nobody that a model knows
  task.process.name = task.status.name;
  task.process.identity = tasks.unattributed;
}
