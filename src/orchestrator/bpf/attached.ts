// SPDX-License-Identifier: Apache-2.0
// Processes that ran before Galgo came, as a run sees a workload: nothing is started, a signal to Galgo ends the modeling and not
// them, and they are killed only where the model's policy wants it.
import { writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { WorkloadExit } from "../../sensor/seccomp/launch-types.ts";
import { killProcess } from "../../sensor/tsem/index.ts";
import type { AttachTarget } from "../run-request.ts";
import type { HeldWorkload } from "../tsem/workload.ts";
import { membersOf } from "./members.ts";
import type { ProgramsControl } from "./programs-control.ts";

const LOOK_INTERVAL_MS = 100;
const KILL_INTERVAL_MS = 10;
/** Tasks that have been told to ask do so in that time; afterwards nobody answers. */
const LAST_QUESTIONS_MS = 50;

export class AttachedWorkload implements HeldWorkload {
  readonly pid: number;
  readonly guardPid = 0;
  readonly launcher = "native";
  readonly features: readonly string[] = ["attached"];
  readonly exited: Promise<WorkloadExit>;
  readonly drained: Promise<void>;
  readonly execFailed: Promise<undefined> = Promise.resolve(undefined);
  readonly #target: AttachTarget;
  readonly #programs: ProgramsControl;
  readonly #onRelease: (text: string) => void;
  #end: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #killing = false;
  #stopping = false;
  #ended = false;

  /** @param onRelease hears who goes on when the modeling ends */
  constructor(target: AttachTarget, programs: ProgramsControl, onRelease: (text: string) => void) {
    this.#target = target;
    this.#programs = programs;
    this.#onRelease = onRelease;
    this.pid = "pid" in target ? target.pid : 0;
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    this.drained = ended;
    this.exited = ended.then(() => ({ code: 0, signal: null }));
  }

  /** The tasks are marked: from now on their number says when nothing is left. */
  go(): void {
    this.#every(LOOK_INTERVAL_MS);
  }

  /** By the policy. Nobody forks any more, so that a pass finds them all. */
  kill(): void {
    if (this.#stopping || this.#ended) return;
    this.#killing = true;
    this.#every(KILL_INTERVAL_MS);
    this.#tick();
  }

  signal(number: number): void {
    const { SIGINT, SIGTERM, SIGHUP, SIGQUIT } = constants.signals;
    if ([SIGINT, SIGTERM, SIGHUP, SIGQUIT].includes(number)) this.stop();
  }

  /** Ends the modeling; the processes go on. */
  stop(): void {
    if (this.#stopping || this.#killing) return;
    this.#stopping = true;
    const { tasks } = this.#programs;
    const who = tasks === 1 ? "1 task goes on" : `${tasks} tasks go on`;
    this.#onRelease(`the modeling ends: ${who} without a model`);
    this.#programs.release();
    setTimeout(() => this.#finish(), LAST_QUESTIONS_MS);
  }

  /** As it is in the kernel it stays. */
  leave(): void {
    this.#stopping = true;
    this.#finish();
  }

  onStopped(): void {
    // not our child: that it was stopped is nobody's business here
  }

  #every(ms: number): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), ms);
  }

  #tick(): void {
    if (this.#killing) this.#killPass();
    if (this.#programs.tasks <= 0) this.#finish();
  }

  #killPass(): void {
    const { cgroup } = { cgroup: undefined, ...this.#target };
    if (cgroup !== undefined) writeKill(cgroup);
    membersOf(this.#target).forEach(killProcess);
  }

  #finish(): void {
    clearInterval(this.#timer);
    this.#ended = true;
    this.#end();
  }
}

function writeKill(cgroup: string): void {
  try {
    writeFileSync(join(cgroup, "cgroup.kill"), "1", { flag: "r+" });
  } catch {
    // the root of all has none: one by one
  }
}
