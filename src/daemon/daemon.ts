// SPDX-License-Identifier: Apache-2.0
// The daemon from its start to its end: configuration, directory, registry, parts, recovery, API; reload; orderly end.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../base/quote.ts";
import { createDecisionThreads } from "../orchestrator/deciding/index.ts";
import { ownProcessHost, programsAreLoaded } from "../orchestrator/index.ts";
import { createApp } from "./api/app.ts";
import { type ApiServer, peerOfRequest, serveApi } from "./api/server.ts";
import { type DaemonConfig, loadConfig } from "./config/config.ts";
import { groupId } from "./config/group.ts";
import { type HeldDirectory, holdDirectory } from "./doors/place.ts";
import { DaemonError } from "./errors.ts";
import { STOP_SECONDS } from "./limits.ts";
import { type ServiceManager, serviceManager } from "./notify/notify.ts";
import type { DaemonContext, DaemonPart, DaemonWord, RunningPart } from "./part.ts";
import { recover } from "./recovery/recover.ts";
import { Registry } from "./registry/registry.ts";
import { type DaemonSockets, ownDirectory, socketsIn } from "./sockets.ts";

/** Folder of what the daemon keeps in the state directory; names of workloads have no leading dot. */
const KEPT = ".daemon";
const MODELS = ".models";

export interface DaemonOptions {
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number;
  readonly stateRoot: string;
  /** Configuration file that has to be there; undefined: the usual one, when it is there. */
  readonly configFile?: string;
  /** Started in this order. */
  readonly parts: readonly DaemonPart[];
  /** One line for people. */
  tell(word: DaemonWord, text: string): void;
}

export interface Daemon {
  readonly sockets: DaemonSockets;
  readonly registry: Registry;
  readonly context: DaemonContext;
  /** Reads the configuration again; workloads do not notice. @throws DaemonError BAD_CONFIG: the old one goes on */
  reload(): Promise<void>;
  /** Takes no more workloads, ends those that run, and settles when everything is given back. */
  stop(reason: string): Promise<void>;
}

/** @throws DaemonError; what a part throws. Nothing is left then. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const config = checkedConfig(options);
  const gid = groupId(config.daemon.group);
  const sockets = socketsIn(requireDirectory(options));
  const held = holdDirectory(sockets);
  const daemon = new RunningDaemon(options, { config, gid, sockets, held });
  try {
    await daemon.start();
  } catch (error) {
    await daemon.giveBack();
    throw error;
  }
  return daemon;
}

/** What is certain before anything is started. */
interface Ground {
  readonly config: DaemonConfig;
  readonly gid: number | undefined;
  readonly sockets: DaemonSockets;
  readonly held: HeldDirectory;
}

class RunningDaemon implements Daemon {
  readonly sockets: DaemonSockets;
  readonly registry: Registry;
  readonly context: DaemonContext;
  readonly #options: DaemonOptions;
  readonly #held: HeldDirectory;
  readonly #started = new Date();
  readonly #manager: ServiceManager;
  readonly #threads = createDecisionThreads();
  readonly #parts: { readonly name: string; readonly part: RunningPart }[] = [];
  #config: DaemonConfig;
  #api: ApiServer | undefined;
  #stopping: Promise<void> | undefined;
  #reloaded: Promise<void> = Promise.resolve();

  constructor(options: DaemonOptions, { config, gid, sockets, held }: Ground) {
    this.#options = options;
    this.#config = config;
    this.#held = held;
    this.sockets = sockets;
    this.#manager = serviceManager(options.env, (text) => options.tell("warning", text));
    this.registry = new Registry({
      folder: sockets.workloads,
      onError: (error) => this.#failed("a listener", error),
    });
    this.context = this.#contextOf(gid);
  }

  async start(): Promise<void> {
    makeKept(this.context);
    for (const part of this.#options.parts)
      this.#parts.push({ name: part.name, part: await part.start(this.context) });
    await recover(
      this.context,
      this.#parts.map(({ part }) => part),
    );
    this.#api = await this.#serve();
    this.registry.listen(({ type }) => {
      const ready = this.#stopping === undefined;
      if (ready && (type === "started" || type === "ended" || type === "failed"))
        this.#manager.status(workloads(this.registry));
    });
    this.#manager.ready(workloads(this.registry));
  }

  reload(): Promise<void> {
    // one after the other, whoever asks
    const reloaded = this.#reloaded.then(() => this.#reload());
    this.#reloaded = reloaded.catch(() => undefined);
    return reloaded;
  }

  async #reload(): Promise<void> {
    const config = checkedConfig(this.#options);
    this.#manager.reloading();
    this.#config = config;
    try {
      for (const { name, part } of this.#parts) await this.#tried(name, part.reload?.());
    } finally {
      this.#manager.ready(workloads(this.registry));
    }
  }

  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#end(reason);
    return this.#stopping;
  }

  async #end(reason: string): Promise<void> {
    this.#manager.stopping();
    this.#options.tell("info", `stopping (${reason}): ${workloads(this.registry)} to end`);
    for (const { part } of this.#parts) part.closeDoors?.();
    const grace = this.#config.daemon["stop-seconds"] ?? STOP_SECONDS;
    await this.registry.close(`the daemon was stopped (${reason})`, grace * 1_000);
    await this.giveBack();
  }

  /** Closes what is open, the last one first. What fails does not keep the rest from being closed. */
  async giveBack(): Promise<void> {
    for (const { name, part } of this.#parts.splice(0).reverse())
      await this.#tried(name, part.close());
    await this.#tried("a thread that decides", this.#threads.close());
    this.#api?.close();
    this.#manager.close();
    this.#held.release();
  }

  #contextOf(gid: number | undefined): DaemonContext {
    const { version, stateRoot, env, tell } = this.#options;
    const { startWorker: startAlone } = ownProcessHost();
    const config = (): DaemonConfig => this.#config;
    return {
      version,
      sockets: this.sockets,
      get config() {
        return config();
      },
      stateRoot,
      keptRoot: join(stateRoot, KEPT),
      get models() {
        return config().daemon.models ?? join(stateRoot, MODELS);
      },
      gid,
      env,
      registry: this.registry,
      startWorker: (setup, ...rest) => {
        // a TSEM workload is launched by its thread; loading programs takes seconds, in which others would wait
        const loads = setup.bpf !== undefined && !programsAreLoaded();
        const alone = setup.tsem !== undefined || loads;
        return alone ? startAlone(setup, ...rest) : this.#threads.open(setup, ...rest);
      },
      api: {},
      tell,
    };
  }

  #serve(): Promise<ApiServer> {
    const app = createApp({
      version: this.#options.version,
      started: this.#started,
      registry: this.registry,
      extensions: this.context.api,
      stopping: () => this.#stopping !== undefined,
      reload: () => this.reload(),
      onError: (error) => this.#failed("a request", error),
      peerOf: peerOfRequest,
    });
    return serveApi(app, this.sockets.api, this.context.gid);
  }

  async #tried(what: string, work: Promise<void> | undefined): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#failed(what, error);
    }
  }

  #failed(what: string, error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.tell("error", `${what} failed: ${message.replaceAll("\n", " | ")}`);
  }
}

/** @throws DaemonError NO_STATE */
function makeKept({ keptRoot, stateRoot }: DaemonContext): void {
  try {
    mkdirSync(keptRoot, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    throw new DaemonError(
      "NO_STATE",
      `can not write to the state directory ${quote(stateRoot)} (${code}); set GALGO_STATE_DIR to a folder you may write`,
      { cause },
    );
  }
}

function workloads(registry: Registry): string {
  const count = registry.list().length;
  return count === 1 ? "1 workload" : `${count} workloads`;
}

/** @throws DaemonError BAD_CONFIG, NO_GROUP */
function checkedConfig({ configFile, parts }: DaemonOptions): DaemonConfig {
  const config = loadConfig(configFile);
  for (const part of parts) part.check?.(config);
  return config;
}

function requireDirectory({ env, uid }: DaemonOptions): string {
  const directory = ownDirectory(env, uid);
  if (directory !== undefined) return directory;
  throw new DaemonError(
    "NO_DIRECTORY",
    "there is no place for the daemon's sockets: set XDG_RUNTIME_DIR, or GALGO_RUN_DIR to a directory of yours",
  );
}
