// SPDX-License-Identifier: Apache-2.0
// The daemon from its start to its end: configuration, directory, registry, parts, recovery, API; reload; orderly end.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../base/quote.ts";
import { createDecisionThreads } from "../orchestrator/deciding/index.ts";
import { ownProcessHost, type SignatureRequirement, takesLong } from "../orchestrator/index.ts";
import type { TmaSpec } from "../tma/index.ts";
import { createApp } from "./api/app.ts";
import { type ApiServer, callerOfRequest, serveApi } from "./api/server.ts";
import { type DaemonConfig, loadConfig } from "./config/config.ts";
import { groupId } from "./config/group.ts";
import { type HeldDirectory, holdDirectory } from "./doors/place.ts";
import { DaemonError } from "./errors.ts";
import { STOP_MARGIN_SECONDS, STOP_SECONDS } from "./limits.ts";
import { demandedSignature, demandLine } from "./models/demanded.ts";
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
  /**
   * Reads the configuration again; workloads do not notice.
   * @throws DaemonError BAD_CONFIG, NO_GROUP: the old one goes on; NOT_RELOADED: parts of it go on; STOPPING
   */
  reload(): Promise<void>;
  /** Takes no more workloads, ends those that run, and settles when everything is given back. */
  stop(reason: string): Promise<void>;
}

/** @throws DaemonError; what a part throws. Nothing is left then. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const checked = checkedConfig(options.configFile, options.parts);
  const sockets = socketsIn(requireDirectory(options));
  const held = holdDirectory(sockets);
  let registry: Registry;
  try {
    registry = openRegistry(options, sockets);
  } catch (error) {
    held.release();
    throw error;
  }
  const daemon = new RunningDaemon(options, { ...checked, sockets, held, registry });
  try {
    await daemon.start();
  } catch (error) {
    await daemon.giveUp();
    throw error;
  }
  return daemon;
}

/** @throws DaemonError NO_DIRECTORY, NOT_ALLOWED */
function openRegistry({ tell }: DaemonOptions, { workloads: folder }: DaemonSockets): Registry {
  return new Registry({
    folder,
    onError: (error) => tellFailure(tell, "a listener", error),
    onNotice: (text) => tell("warning", text),
  });
}

/** The configuration as it can be used. */
export interface CheckedConfig {
  readonly config: DaemonConfig;
  /** Of the group that it names. */
  readonly gid: number | undefined;
  /** Whose signature it demands of models. */
  readonly requirement: SignatureRequirement | undefined;
}

/** What is certain before anything is started. */
interface Ground extends CheckedConfig {
  readonly sockets: DaemonSockets;
  readonly held: HeldDirectory;
  readonly registry: Registry;
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
  #requirement: SignatureRequirement | undefined;
  #api: ApiServer | undefined;
  #stopping: Promise<void> | undefined;
  #reloaded: Promise<void> = Promise.resolve();

  constructor(
    options: DaemonOptions,
    { config, gid, requirement, sockets, held, registry }: Ground,
  ) {
    this.#options = options;
    this.#config = config;
    this.#requirement = requirement;
    this.#held = held;
    this.sockets = sockets;
    this.#manager = serviceManager(options.env, (text) => options.tell("warning", text));
    this.registry = registry;
    this.context = this.#contextOf(gid);
  }

  async start(): Promise<void> {
    makeKept(this.context);
    if (this.#requirement !== undefined) this.#options.tell("info", demandLine(this.#requirement));
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
    if (this.#stopping !== undefined)
      throw new DaemonError("STOPPING", "the daemon is stopping: nothing is read any more");
    const { config, gid, requirement } = checkedConfig(
      this.#options.configFile,
      this.#options.parts,
    );
    this.#manager.reloading();
    this.#config = config;
    this.#demand(requirement);
    if (gid !== this.context.gid)
      this.#options.tell("warning", "[daemon] group is read when the daemon starts: restart it");
    const faults: string[] = [];
    for (const { name, part } of this.#parts) {
      try {
        await part.reload?.();
      } catch (error) {
        faults.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (this.#stopping === undefined) this.#manager.ready(workloads(this.registry));
    if (faults.length > 0) throw new DaemonError("NOT_RELOADED", faults.join("; "));
  }

  /** For what starts from now on: what runs has been asked already. */
  #demand(requirement: SignatureRequirement | undefined): void {
    const before = this.#requirement;
    this.#requirement = requirement;
    if (requirement !== undefined) this.#options.tell("info", demandLine(requirement));
    else if (before !== undefined)
      this.#options.tell("warning", "models need no signature any more ([models])");
  }

  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#end(reason);
    return this.#stopping;
  }

  async #end(reason: string): Promise<void> {
    const grace = this.#config.daemon["stop-seconds"] ?? STOP_SECONDS;
    this.#manager.stopping(grace + STOP_MARGIN_SECONDS);
    this.#options.tell("info", `stopping (${reason}): ${workloads(this.registry)} to end`);
    this.#closeDoors();
    await this.registry.close(`the daemon was stopped (${reason})`, {
      graceMs: grace * 1_000,
      releases: this.#config.policy["on-daemon-stop"] === "release",
    });
    // a part that is being changed is not closed under its hands
    await this.#reloaded;
    await this.#giveBack();
  }

  /** Ends what its start has begun; whom it has gone on with goes back to the kernel. */
  async giveUp(): Promise<void> {
    this.#closeDoors();
    await this.registry.close("the daemon could not start", { graceMs: 0 });
    await this.#giveBack();
  }

  #closeDoors(): void {
    for (const { name, part } of this.#parts) {
      try {
        part.closeDoors?.();
      } catch (error) {
        this.#failed(name, error);
      }
    }
  }

  /** Closes what is open, the last one first. What fails does not keep the rest from being closed. */
  async #giveBack(): Promise<void> {
    for (const { name, part } of this.#parts.splice(0).reverse())
      await this.#tried(name, () => part.close());
    await this.#tried("a thread that decides", () => this.#threads.close());
    this.#api?.close();
    this.#manager.close();
    this.#held.release();
  }

  #contextOf(gid: number | undefined): DaemonContext {
    const { version, stateRoot, env, tell } = this.#options;
    const { startWorker: startAlone } = ownProcessHost();
    const config = (): DaemonConfig => this.#config;
    const requirement = (): SignatureRequirement | undefined => this.#requirement;
    return {
      version,
      sockets: this.sockets,
      get config() {
        return config();
      },
      get requirement() {
        return requirement();
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
        // a TSEM workload is launched by its thread; what takes seconds is not the others' to wait for, nor what is asked elsewhere
        const long = setup.bpf !== undefined && takesLong(setup.bpf);
        const waits = waitsElsewhere(setup.tma);
        const alone = setup.tsem !== undefined || long || waits;
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
      requirement: () => this.#requirement,
      stopping: () => this.#stopping !== undefined,
      reload: () => this.reload(),
      onError: (error) => this.#failed("a request", error),
      callerOf: callerOfRequest,
    });
    const onError = (error: unknown): void => this.#failed("the API", error);
    return serveApi(app, { path: this.sockets.api, gid: this.context.gid, onError });
  }

  async #tried(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failed(what, error);
    }
  }

  #failed(what: string, error: unknown): void {
    tellFailure(this.#options.tell, what, error);
  }
}

function tellFailure(tell: DaemonOptions["tell"], what: string, error: unknown): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  tell("error", `${what} failed: ${message.replaceAll("\n", " | ")}`);
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

/** The thread that decides waits for somebody else than the daemon itself. */
function waitsElsewhere({ place }: TmaSpec): boolean {
  if (place === undefined) return false;
  return place.start.way !== "fleet" || place.start.withinMs > 0;
}

function workloads(registry: Registry): string {
  const count = registry.list().length;
  return count === 1 ? "1 workload" : `${count} workloads`;
}

/**
 * Reads the configuration, and what it names: the group, keys and policies.
 * @param file has to be there; undefined: the usual one, when it is there
 * @throws DaemonError BAD_CONFIG, NO_GROUP
 */
export function checkedConfig(
  file: string | undefined,
  parts: readonly DaemonPart[],
): CheckedConfig {
  const config = loadConfig(file);
  const gid = groupId(config.daemon.group);
  for (const part of parts) part.check?.(config);
  return { config, gid, requirement: demandedSignature(config) };
}

function requireDirectory({ env, uid }: DaemonOptions): string {
  const directory = ownDirectory(env, uid);
  if (directory !== undefined) return directory;
  throw new DaemonError(
    "NO_DIRECTORY",
    "there is no place for the daemon's sockets: set XDG_RUNTIME_DIR, or GALGO_RUN_DIR to a directory of yours",
  );
}
