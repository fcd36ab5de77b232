// SPDX-License-Identifier: Apache-2.0
// Runs made of events, as a sensor records them, and the question whether a later event is one that they taught.
import {
  BUILTIN_PROFILES,
  createMapper,
  createProfile,
  describeRule,
  type LearnedModel,
  type LearningRun,
  learningRun,
  modelFromRuns,
} from "../../src/model/index.ts";
import { mapRuns } from "../../src/model/index.ts";
import type { EventOf, FileId, SecurityEvent, TaskIdentity } from "../../src/event/index.ts";
import { aFile, anEvent, ROOT } from "./events.ts";
import { FIDELITY } from "./models.ts";
import { SHA256 } from "./test-hasher.ts";

const mapper = createMapper(SHA256);

/** The program that acts in a made run unless another one is named. */
export const PROGRAM = "/usr/bin/worker";

/** One run of a program that is started with a number of its own. */
export class MadeRun {
  readonly pid: number;
  readonly events: SecurityEvent[] = [];
  readonly #profile = createProfile(BUILTIN_PROFILES.portable, mapper);
  #task: TaskIdentity;

  /** When it began (ISO 8601), where that is known. */
  readonly started: string | undefined;

  constructor(pid: number, program = PROGRAM, started?: string) {
    this.pid = pid;
    this.started = started;
    this.#task = { taskId: mapper.zeroDigest, pTaskId: mapper.zeroDigest };
    this.exec(program);
  }

  /** The program becomes another one. @param digest hex, of its content */
  exec(program: string, digest = "ee".repeat(32)): this {
    const file = aFile(program, { flags: 0x8020, digest });
    const taskId = mapper.taskId(mapper.zeroDigest, ROOT, this.#profile.rewriteExecutable(file));
    this.#task = { taskId, pTaskId: mapper.zeroDigest };
    return this.#add(anEvent("bprm_committed_creds", { file }, this.#actor()));
  }

  /** Opens for reading. */
  reads(path: string, changes: Partial<FileId> = {}): this {
    return this.#add(anEvent("file_open", { file: aFile(path, changes) }, this.#actor()));
  }

  /** Opens a file that this run has made. */
  readsOwn(path: string): this {
    const { dev, pathname } = aFile(path).path;
    const made = { pathname, owner: this.#task.taskId, instance: 1n, ...(dev && { dev }) };
    return this.reads(path, { path: made, digest: mapper.emptyDigest });
  }

  removesOwn(path: string): this {
    const { inode, path: found } = aFile(path);
    const dentry = { inode, path: { ...found, owner: this.#task.taskId, instance: 1n } };
    return this.#add(anEvent("inode_unlink", { dir: inode, dentry }, this.#actor()));
  }

  removes(path: string): this {
    const { inode, path: found } = aFile(path);
    const dentry = { inode, path: found };
    return this.#add(anEvent("inode_unlink", { dir: inode, dentry }, this.#actor()));
  }

  /** @param port host order */
  connects(address: string, port: number): this {
    return this.#at("socket_connect", address, port);
  }

  binds(address: string, port: number): this {
    return this.#at("socket_bind", address, port);
  }

  bindsUnix(address: string): this {
    const sock = { family: 1, type: 1, protocol: 0 };
    const cell = { sock, addr: { family: "unix", address } } as const;
    return this.#add(anEvent("socket_bind", cell, this.#actor()));
  }

  links(target: string, path: string): this {
    const { inode, path: name } = aFile(path);
    const cell = { dir: inode, dentry: { path: name }, oldName: target };
    return this.#add(anEvent("inode_symlink", cell, this.#actor()));
  }

  get run(): LearningRun {
    const records = this.events.map((event) => ({ event, count: 1 }));
    const { started } = this;
    const facts = { eventsSeen: records.length, eventsLost: 0, durationMs: 1, saturation: [] };
    return learningRun(records, started === undefined ? facts : { ...facts, started }, SHA256);
  }

  #at(hook: "socket_connect" | "socket_bind", address: string, port: number): this {
    const bytes = address.split(".").map(Number);
    const word = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
    const sock = { family: 2, type: 1, protocol: 6 };
    const raw = ((port & 0xff) << 8) | (port >> 8);
    const cell = { sock, addr: { family: "inet", port: raw, address: word } } as const;
    return this.#add(anEvent(hook, cell, this.#actor()));
  }

  #actor(): Pick<EventOf<"file_open">, "pid" | "tgid" | "process" | "task"> {
    return { pid: this.pid, tgid: this.pid, process: "worker", task: this.#task };
  }

  #add(event: SecurityEvent): this {
    this.events.push(event);
    return this;
  }
}

/** What runs taught. */
export class Taught {
  readonly learned: LearnedModel;

  constructor(runs: readonly MadeRun[]) {
    this.learned = modelFromRuns(
      runs.map(({ run }) => run),
      { name: "demo", profile: BUILTIN_PROFILES.portable, hasher: SHA256, fidelity: FIDELITY },
    );
  }

  /** The rules that were found, in words. */
  get words(): readonly string[] {
    return this.learned.rules.map(describeRule);
  }

  /** Behaviours of a later run that are not in the model. */
  unknown({ run }: MadeRun): number {
    const { model, given } = this.learned;
    const profile = createProfile(model.spec.profile, mapper);
    const mapped = mapRuns([...given, run], { mapper, profile }).runs.at(-1);
    const points = new Set(model.spec.points);
    return [...(mapped?.points.keys() ?? [])].filter((point) => !points.has(point)).length;
  }
}
