// SPDX-License-Identifier: Apache-2.0
// Where workloads and their records come from: the daemon when one answers, and runs that go on alone, by the files they leave.
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import {
  ClientError,
  type DaemonClient,
  findDaemon,
  recordLines,
} from "../../daemon/client/index.ts";
import { RunningRuns } from "../../orchestrator/inspect/index.ts";
import { type Listed, ofDaemon, ofRun } from "./listed.ts";
import type { Daemon, ListName } from "./state.ts";

export interface Seen {
  readonly daemon: Daemon;
  readonly listed: readonly Listed[];
}

export interface SourceOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number;
  readonly stateRoot: string;
  /** Name or id of the workloads to look at; default: all. */
  readonly only?: string;
}

/** Time between two looks for a daemon that was not there (ms): the runs that are alone are looked at more often. */
const FIND_EVERY_MS = 1_000;

export class WorkloadSource {
  readonly #options: SourceOptions;
  readonly #alone: RunningRuns;
  #client: DaemonClient | undefined;
  #daemon: Daemon = { kind: "none" };
  #daemonPid: number | undefined;
  #tried = Number.NEGATIVE_INFINITY;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#alone = new RunningRuns(options.stateRoot);
  }

  /** All workloads that run now. */
  async look(): Promise<Seen> {
    const ofTheDaemon = await this.#ask();
    const ids = new Set(ofTheDaemon.map(({ id }) => id));
    const alone = this.#alone.list(ids).map(ofRun);
    // a run of the daemon that is not in its list yet, or not any more
    const others = alone.filter(({ galgoPid }) => galgoPid !== this.#daemonPid);
    const { only } = this.#options;
    const listed = [...ofTheDaemon, ...others].filter(
      ({ name, id }) => only === undefined || only === name || only === id,
    );
    return { daemon: this.#daemon, listed };
  }

  async #ask(): Promise<readonly Listed[]> {
    try {
      const client = await this.#find();
      if (client === undefined) return [];
      const listed = (await client.workloads()).map(ofDaemon);
      this.#daemon = { kind: "there" };
      return listed;
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.#lose(error);
      return [];
    }
  }

  /** The daemon that answered last, else one that answers now; it is not looked for at every look. */
  async #find(): Promise<DaemonClient | undefined> {
    const now = Date.now();
    if (this.#client === undefined && now - this.#tried >= FIND_EVERY_MS) {
      this.#tried = now;
      const found = await findDaemon(this.#options.env, this.#options.uid);
      this.#daemonPid = (await found.health()).pid;
      this.#client = found;
    }
    return this.#client;
  }

  #lose({ code, message }: ClientError): void {
    this.#client = undefined;
    const { kind } = this.#daemon;
    if (kind === "there") this.#daemon = { kind: "gone", since: Date.now(), problem: message };
    else if (kind !== "gone")
      this.#daemon = code === "NO_DAEMON" ? { kind: "none" } : { kind: "closed", problem: message };
  }

  /** @throws ClientError */
  async kill(id: string): Promise<void> {
    if (this.#client === undefined)
      throw new ClientError("NO_DAEMON", "the daemon is gone: nobody can be asked to kill it");
    await this.#client.kill(id);
  }

  /** The lines of a list of records, and those that come, until `signal`. @throws ClientError, or what the file system says */
  async *records(listed: Listed, list: ListName, signal: AbortSignal): AsyncGenerator<string> {
    if (listed.via === "daemon" && this.#client !== undefined) {
      yield* this.#client.lines(listed.id, list, { follow: true, signal });
      return;
    }
    const path = join(listed.directory, `${list}.jsonl`);
    const forever = new Promise(() => undefined);
    const decoder = new StringDecoder("utf8");
    for await (const bytes of recordLines({ path, from: 0, until: forever, signal }))
      yield* decoder.write(Buffer.from(bytes)).split("\n");
  }
}
