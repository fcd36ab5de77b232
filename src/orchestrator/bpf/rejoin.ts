// SPDX-License-Identifier: Apache-2.0
// After a namespace had no agent: programs that were executed meanwhile and that nobody could be asked about. Where nothing is refused
// they run, known by what ran before them; here they get the identity that they would have had.
import type { FileId, TaskIdentity } from "../../event/index.ts";
import { type BpfAgent, ProgramFiles } from "../../sensor/bpf/index.ts";
import type { AttachTarget } from "../run-request.ts";
import type { BpfBench } from "./agent-side.ts";
import { freeze, membersOf, processFacts, threadsOf } from "./members.ts";

/** @returns how many processes run another program than they were known by */
export function rejoin(target: AttachTarget, bench: BpfBench, agent: BpfAgent): number {
  const thaw = freeze(target, bench.progress.alive);
  try {
    const rejoiner = new Rejoiner(bench, agent);
    return membersOf(target).filter((pid) => rejoiner.look(pid)).length;
  } finally {
    thaw();
  }
}

class Rejoiner {
  readonly #bench: BpfBench;
  readonly #agent: BpfAgent;
  readonly #programs: ProgramFiles;
  /** What processes were found to be that nobody had been asked about. */
  readonly #changed = new Map<
    number,
    { readonly program: FileId; readonly identity: TaskIdentity }
  >();

  constructor(bench: BpfBench, agent: BpfAgent) {
    const { digest } = bench.setup.tma;
    this.#bench = bench;
    this.#agent = agent;
    this.#programs = new ProgramFiles(digest, bench.tma.emptyDigest, {
      progress: bench.progress.alive,
      kept: new Map(),
    });
  }

  /** @returns whether the process was known by another program than the one that it runs */
  look(pid: number): boolean {
    const marked = threadsOf(pid).filter((tid) => this.#agent.has(tid));
    const [first] = marked;
    const facts = first === undefined ? undefined : processFacts(pid);
    if (first === undefined || facts === undefined) return false;
    const before = this.#agent.identityOf(first);
    const program = this.#programs.of(pid);
    if (before === undefined || program === undefined) return false;
    const known = this.#bench.namespace.programOf(before.taskId);
    if (known !== undefined && isSame(known, program)) return false;
    const parent = this.#changed.get(facts.parent);
    const { comm: process, coe } = facts;
    const identity =
      parent !== undefined && isSame(parent.program, program)
        ? this.#bench.namespace.forked(parent.identity)
        : this.#bench.namespace.execed(before, { file: program, pid, process, coe });
    this.#changed.set(pid, { program, identity });
    const number = this.#agent.decoder.identities.numberOf(identity);
    for (const tid of marked) this.#agent.remark(tid, number);
    return true;
  }
}

function isSame(a: FileId, b: FileId): boolean {
  return a.digest === b.digest && a.path.pathname === b.path.pathname;
}
