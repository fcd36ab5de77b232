// SPDX-License-Identifier: Apache-2.0
// The daemon from its start to its end: configuration, directory, registry, parts, API; reload; orderly end.
import { DEFAULT_CONFIG, type DaemonConfig } from "./config/config.ts";
import { createApp } from "./api/app.ts";
import type { ApiExtensions } from "./api/extensions.ts";
import { type ApiServer, peerOfRequest, serveApi } from "./api/server.ts";
import { type HeldDirectory, holdDirectory } from "./doors/place.ts";
import { DaemonError } from "./errors.ts";
import { type ServiceManager, serviceManager } from "./notify/notify.ts";
import type { DaemonContext, DaemonWord, RunningPart } from "./part.ts";
import { PARTS } from "./parts.ts";
import { Registry } from "./registry/registry.ts";
import { type DaemonSockets, ownDirectory, socketsIn } from "./sockets.ts";

export interface DaemonOptions {
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number;
  readonly stateRoot: string;
  /** Configuration file that has to be there; undefined: the usual one, when it is there. */
  readonly configFile?: string;
  /** One line for people. */
  tell(word: DaemonWord, text: string): void;
}

export interface Daemon {
  readonly sockets: DaemonSockets;
  /** Reads the configuration again; workloads do not notice. @throws DaemonError BAD_CONFIG: the old one goes on */
  reload(): Promise<void>;
  /** Takes no more workloads, ends those that run, and settles when everything is given back. */
  stop(reason: string): Promise<void>;
}

/** @throws DaemonError; what a part throws. Nothing is left then. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const daemon = new RunningDaemon(options);
  try {
    await daemon.start();
  } catch (error) {
    await daemon.giveBack();
    throw error;
  }
  return daemon;
}

class RunningDaemon implements Daemon {
  readonly sockets: DaemonSockets;
  readonly #options: DaemonOptions;
  readonly #started = new Date();
  readonly #registry: Registry;
  readonly #extensions: ApiExtensions = {};
  readonly #manager: ServiceManager;
  readonly #parts: { readonly name: string; readonly part: RunningPart }[] = [];
  #config: DaemonConfig = DEFAULT_CONFIG;
  #directory: HeldDirectory | undefined;
  #api: ApiServer | undefined;
  #stopping = false;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.sockets = socketsIn(requireDirectory(options));
    this.#registry = new Registry({ onError: (error) => this.#failed("a listener", error) });
    this.#manager = serviceManager(options.env, (text) => options.tell("warning", text));
  }

  async start(): Promise<void> {
    this.#directory = holdDirectory(this.sockets);
    const context = this.#context();
    for (const { name, start } of PARTS) this.#parts.push({ name, part: await start(context) });
    this.#api = await this.#serve(context);
    this.#manager.ready("no workloads");
  }

  async reload(): Promise<void> {
    this.#manager.reloading();
    try {
      for (const { part } of this.#parts) await part.reload?.();
    } finally {
      this.#manager.ready("reloaded");
    }
  }

  async stop(reason: string): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#manager.stopping();
    this.#options.tell("info", `stopping: ${reason}`);
    await this.giveBack();
  }

  /** Closes what is open, the last one first. What fails does not keep the rest from being closed. */
  async giveBack(): Promise<void> {
    for (const { name, part } of this.#parts.splice(0).reverse()) {
      try {
        await part.close();
      } catch (error) {
        this.#failed(name, error);
      }
    }
    this.#api?.close();
    this.#manager.close();
    this.#directory?.release();
  }

  #context(): DaemonContext {
    const { stateRoot, env, tell } = this.#options;
    const config = (): DaemonConfig => this.#config;
    return {
      sockets: this.sockets,
      get config() {
        return config();
      },
      stateRoot,
      gid: undefined,
      env,
      registry: this.#registry,
      api: this.#extensions,
      tell,
    };
  }

  #serve({ gid }: DaemonContext): Promise<ApiServer> {
    const app = createApp({
      version: this.#options.version,
      started: this.#started,
      registry: this.#registry,
      extensions: this.#extensions,
      stopping: () => this.#stopping,
      reload: () => this.reload(),
      onError: (error) => this.#failed("a request", error),
      peerOf: peerOfRequest,
    });
    return serveApi(app, this.sockets.api, gid);
  }

  #failed(what: string, error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.tell("error", `${what} failed: ${message.replaceAll("\n", " | ")}`);
  }
}

function requireDirectory({ env, uid }: DaemonOptions): string {
  const directory = ownDirectory(env, uid);
  if (directory !== undefined) return directory;
  throw new DaemonError(
    "NO_DIRECTORY",
    "there is no place for the daemon's sockets: set XDG_RUNTIME_DIR, or GALGO_RUN_DIR to a directory of yours",
  );
}
