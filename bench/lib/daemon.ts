// SPDX-License-Identifier: Apache-2.0
// A daemon under measurement, and what the kernel says of its process.
import type { ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { WorkloadStatus } from "../../src/daemon/api/types.ts";
import { DaemonClient, socketsIn } from "../../src/daemon/client/index.ts";
import { CLI } from "./galgo.ts";
import type { Lab } from "./lab.ts";

/** What a user calls. */
export const STARTER: string = resolve(import.meta.dirname, "../../galgo");
const TICKS_A_SECOND = 100;
const WAIT_MS = 120_000;

/** Decisions by the upper end of their bucket (s), not cumulated. */
export type Buckets = ReadonlyMap<number, number>;

export class BenchDaemon {
  readonly env: NodeJS.ProcessEnv;
  readonly client: DaemonClient;
  readonly #lab: Lab;
  readonly #words: readonly string[];
  #process: ChildProcess;

  private constructor(lab: Lab, name: string, config: string | undefined) {
    this.#lab = lab;
    const folder = lab.sub(name);
    this.#words = config === undefined ? [] : ["--config", lab.write(`${name}/d.toml`, config)];
    const run = join(folder, "run");
    mkdirSync(run, { recursive: true });
    this.env = { ...process.env, GALGO_RUN_DIR: run, GALGO_STATE_DIR: join(folder, "state") };
    this.client = new DaemonClient(socketsIn(run).api);
    this.#process = this.#started();
  }

  /** @param config text of its configuration; default: none */
  static async start(lab: Lab, name: string, config?: string): Promise<BenchDaemon> {
    const daemon = new BenchDaemon(lab, name, config);
    await daemon.answers();
    return daemon;
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  async answers(): Promise<void> {
    await until("the daemon answers", async () => {
      await this.client.health();
      return true;
    });
  }

  /** Waits until that many workloads run. */
  async running(count: number): Promise<readonly WorkloadStatus[]> {
    let found: readonly WorkloadStatus[] = [];
    await until(`${count} workloads run`, async () => {
      found = await this.client.workloads();
      return found.filter(({ status }) => status === "running").length === count;
    });
    return found;
  }

  /** As SIGKILL leaves it. */
  async kill(): Promise<void> {
    const ended = new Promise((done) => this.#process.once("exit", done));
    this.#process.kill("SIGKILL");
    await ended;
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.#process.once("exit", done));
    this.#process.kill("SIGTERM");
    await ended;
  }

  async restart(): Promise<void> {
    this.#process = this.#started();
    await this.answers();
  }

  /** Memory that is its own: without what other processes have mapped, too (MiB). */
  memory(): { readonly rss: number; readonly own: number } {
    const text = readFileSync(`/proc/${this.pid}/status`, "utf8");
    const mib = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]) / 1_024;
    return { rss: mib("VmRSS"), own: mib("RssAnon") };
  }

  /** Processor time so far (s). */
  cpu(): number {
    const text = readFileSync(`/proc/${this.pid}/stat`, "utf8");
    const members = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(members[11]) + Number(members[12])) / TICKS_A_SECOND;
  }

  async decisions(): Promise<Buckets> {
    const text = await this.client.metrics();
    const found = new Map<number, number>();
    let before = 0;
    for (const [, le = "", count = ""] of text.matchAll(
      /^galgo_decision_latency_seconds_bucket\{sensor="seccomp",le="([^"]+)"\} (\d+)$/gm,
    )) {
      found.set(le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le), Number(count) - before);
      before = Number(count);
    }
    return found;
  }

  #started(): ChildProcess {
    const command = [process.execPath, CLI, "daemon", ...this.#words];
    return this.#lab.start(command, { env: this.env, stdio: ["ignore", "ignore", "inherit"] });
  }
}

/** What was decided between two readings. */
export function between(before: Buckets, after: Buckets): Buckets {
  return new Map([...after].map(([end, count]) => [end, count - (before.get(end) ?? 0)]));
}

/** Quantile (us), as Prometheus takes it: linear within its bucket. */
export function quantileOf(buckets: Buckets, share: number): number {
  const total = [...buckets.values()].reduce((sum, count) => sum + count, 0);
  let [seen, begin] = [0, 0];
  for (const [end, count] of buckets) {
    if (count > 0 && seen + count >= share * total)
      return (begin + ((end - begin) * (share * total - seen)) / count) * 1e6;
    seen += count;
    begin = end;
  }
  return Number.NaN;
}

export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + WAIT_MS; ; await delay(20)) {
    if (await condition().catch(() => false)) return;
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
  }
}
