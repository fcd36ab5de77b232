// SPDX-License-Identifier: Apache-2.0
// Takes processes that run already into a namespace: each with the identity that its program and its credentials give it now.
import type { FileId, TaskIdentity } from "../../event/index.ts";
import { type BpfAgent, type Primer, ProgramFiles, rootOf } from "../../sensor/bpf/index.ts";
import type { AttachTarget } from "../run-request.ts";
import type { BpfBench } from "./agent-side.ts";
import { freeze, membersOf, type ProcessFacts, processFacts, threadsOf } from "./members.ts";

/** What forks all the time may never be caught up with: after so many passes the run fails. */
const MAX_PASSES = 1_000;

/**
 * Marks everything, in several passes, until one finds nothing new. Whoever is born meanwhile is either marked already, because its
 * parent is, or is found by the next pass.
 * @throws Error when the target can not be caught up with
 */
export function attachTo(target: AttachTarget, bench: BpfBench, to: AttachSide): void {
  const thaw = freeze(target, bench.progress.alive);
  const attacher = new Attacher(bench, to);
  try {
    for (let pass = 0; attacher.pass(target) > 0; pass++) {
      if (pass === MAX_PASSES)
        throw new Error("new processes come faster than they can be attached");
    }
  } finally {
    thaw();
  }
  for (const text of attacher.unknown()) bench.post({ type: "notice", text });
}

export interface AttachSide {
  readonly agent: BpfAgent;
  readonly primer: Primer | undefined;
}

/** What was found out about a process. */
interface Found {
  readonly program: FileId | undefined;
  /** undefined: nobody can say what it runs. */
  readonly identity: TaskIdentity | undefined;
}

function isSame(a: FileId | undefined, b: FileId): boolean {
  return a !== undefined && a.digest === b.digest && a.path.pathname === b.path.pathname;
}

class Attacher {
  readonly #agent: BpfAgent;
  readonly #primer: Primer | undefined;
  readonly #bench: BpfBench;
  readonly #programs: ProgramFiles;
  readonly #found = new Map<number, Found | undefined>();
  #members: ReadonlySet<number> = new Set();
  /** Threads that run no program: of the kernel's, and those that have ended. */
  readonly #idle = new Set<number>();
  /** Processes whose program can not be read. */
  #nameless = 0;
  /** Processes that executed a program while they were attached. */
  #changed = 0;

  constructor(bench: BpfBench, { agent, primer }: AttachSide) {
    const { digest } = bench.setup.tma;
    const progress = bench.progress.alive;
    this.#agent = agent;
    this.#primer = primer;
    this.#bench = bench;
    this.#programs = new ProgramFiles(digest, bench.tma.emptyDigest, { progress, kept: new Map() });
  }

  /** @returns how many threads had no mark */
  pass(target: AttachTarget): number {
    let found = 0;
    const members = membersOf(target);
    this.#members = new Set(members);
    for (const pid of members) {
      const unmarked = threadsOf(pid).filter(
        (tid) => !this.#idle.has(tid) && !this.#agent.has(tid),
      );
      found += unmarked.length;
      if (unmarked.length > 0) this.#take(pid, unmarked);
    }
    return found;
  }

  /** What the records can not say of those who were there before, one sentence each. */
  unknown(): string[] {
    const all = [...this.#found.values()].filter((found) => found !== undefined).length;
    const said = [
      `attached to ${all} ${all === 1 ? "process" : "processes"}, each known by its program, its credentials and its parent; ` +
        "what they did before and which files they hold is not known",
    ];
    if (this.#nameless > 0)
      said.push(`the program of ${this.#nameless} of them can not be read: they are nobody`);
    if (this.#changed > 0) {
      said.push(
        `${this.#changed} of them executed a program meanwhile, and may be taken for what they were before; --cgroup stops them for that moment`,
      );
    }
    return said;
  }

  #take(pid: number, threads: readonly number[]): void {
    const found = this.#lookAt(pid);
    if (found === undefined) {
      for (const tid of threads) this.#idle.add(tid);
      return;
    }
    const { identities } = this.#agent.decoder;
    const { identity, program } = found;
    const number = identity === undefined ? identities.unattributed : identities.numberOf(identity);
    this.#prime(pid, number);
    for (const tid of threads) if (!this.#agent.has(tid)) this.#agent.mark(tid, number);
    if (program !== undefined && !isSame(this.#programs.of(pid), program)) this.#changed++;
  }

  /** Its first act may be one that can not wait: what the model allows there is known before. */
  #prime(pid: number, identity: number): void {
    const facts = this.#primer === undefined ? undefined : processFacts(pid);
    const root = rootOf(pid);
    if (facts === undefined || root === undefined) return;
    const actor = { identity, coe: facts.coe, rootMount: root.mount, rootInode: root.inode };
    this.#agent.loop.prime(this.#primer?.seen(actor) ?? []);
  }

  /** Looks at a process once. undefined: it runs no program, or has ended. */
  #lookAt(pid: number): Found | undefined {
    if (this.#found.has(pid)) return this.#found.get(pid);
    const facts = processFacts(pid);
    const program = facts === undefined ? undefined : this.#programs.of(pid);
    const found =
      facts === undefined ? undefined : { program, identity: this.#identity(pid, facts, program) };
    this.#found.set(pid, found);
    if (found !== undefined && program === undefined) this.#nameless++;
    return found;
  }

  /**
   * As if its parent had started it, when that is attached too: then what runs the parent's own program was forked. Who started the others
   * is not known: each counts as a first program.
   */
  #identity(
    pid: number,
    facts: ProcessFacts,
    program: FileId | undefined,
  ): TaskIdentity | undefined {
    if (program === undefined) return undefined;
    const { namespace } = this.#bench;
    const parent = this.#members.has(facts.parent) ? this.#lookAt(facts.parent) : undefined;
    const before =
      parent?.identity === undefined ? namespace.root : namespace.forked(parent.identity);
    if (isSame(parent?.program, program)) return before;
    const { comm: process, coe } = facts;
    return namespace.execed(before, { file: program, pid, process, coe });
  }
}
