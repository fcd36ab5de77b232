// SPDX-License-Identifier: Apache-2.0
// All simulated hosts, in a few processes: orders go to all of them, what they say is put together.
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { EnrolPlace } from "./enrol.ts";
import type { CrowdAnswer, CrowdOrder, CrowdReport } from "./orders.ts";

const PROGRAM: string = join(import.meta.dirname, "crowd-process.ts");

interface Asked {
  done(report: CrowdReport | undefined): void;
  fail(error: Error): void;
}

class CrowdProcess {
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, Asked>();
  #next = 1;

  constructor() {
    const execArgv = ["--import", "tsx", "--max-old-space-size=4096"];
    this.#child = fork(PROGRAM, [], { execArgv });
    this.#child.on("message", (message) => this.#answered(message as CrowdAnswer));
    this.#child.once("exit", (code, signal) => {
      const error = new Error(`a process of simulated hosts ended (${signal ?? code})`);
      for (const { fail } of this.#asked.values()) fail(error);
      this.#asked.clear();
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  ask(order: CrowdOrder): Promise<CrowdReport | undefined> {
    const number = this.#next++;
    return new Promise((done, fail) => {
      this.#asked.set(number, { done, fail });
      this.#child.send({ number, order });
    });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #answered({ number, report, fault }: CrowdAnswer): void {
    const asked = this.#asked.get(number);
    this.#asked.delete(number);
    if (fault === undefined) asked?.done(report);
    else asked?.fail(new Error(fault));
  }
}

export class CrowdOfAll {
  readonly hosts: number;
  readonly #processes: readonly CrowdProcess[];

  /** @param processes the hosts are shared out among so many */
  constructor(hosts: number, processes: number) {
    this.hosts = hosts;
    this.#processes = Array.from({ length: processes }, () => new CrowdProcess());
    process.once("exit", this.#kill);
  }

  get pids(): readonly number[] {
    return this.#processes.map(({ pid }) => pid);
  }

  async join(place: EnrolPlace): Promise<void> {
    const each = Math.ceil(this.hosts / this.#processes.length);
    await Promise.all(
      this.#processes.map((one, index) => {
        const from = index * each;
        const share = { total: this.hosts, from, to: Math.min(this.hosts, from + each) };
        return one.ask({ do: "join", share, place });
      }),
    );
  }

  async order(order: CrowdOrder): Promise<void> {
    await Promise.all(this.#processes.map((one) => one.ask(order)));
  }

  /** Rates are for all together. */
  async rate(what: "violations" | "deployments", perSecond: number): Promise<void> {
    await this.order({ do: what, perSecond: perSecond / this.#processes.length });
  }

  async report(): Promise<CrowdReport> {
    const all = await Promise.all(this.#processes.map((one) => one.ask({ do: "report" })));
    return together(all.flatMap((report) => (report === undefined ? [] : [report])));
  }

  /** At once: nobody is told goodbye. */
  stop(): void {
    process.off("exit", this.#kill);
    this.#kill();
  }

  readonly #kill = (): void => {
    for (const one of this.#processes) one.kill();
  };
}

function together(reports: readonly CrowdReport[]): CrowdReport {
  const sum = (of: (report: CrowdReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const told: Record<string, number> = {};
  for (const report of reports)
    for (const [kind, count] of Object.entries(report.told)) told[kind] = (told[kind] ?? 0) + count;
  return {
    hosts: sum(({ hosts }) => hosts),
    workloads: sum(({ workloads }) => workloads),
    connected: sum(({ connected }) => connected),
    failures: sum(({ failures }) => failures),
    waiting: sum(({ waiting }) => waiting),
    sent: sum(({ sent }) => sent),
    told,
    violations: reports.flatMap(({ violations }) => violations),
    commands: reports.flatMap(({ commands }) => commands),
    faults: reports.flatMap(({ faults }) => faults),
  };
}
