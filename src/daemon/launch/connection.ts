// SPDX-License-Identifier: Apache-2.0
// One client of `galgo run`, from its first message to its exit status.
import { closeSync } from "node:fs";
import { resolve } from "node:path";
import type { ReceivedMessage } from "../../native/fd-passing.ffi.ts";
import { readSealed } from "../../native/sealed-memory.ffi.ts";
import type { Peer } from "../../native/unix-socket.ffi.ts";
import { digestsOfProgram } from "../../orchestrator/index.ts";
import type { RunObserver, RunRequest } from "../../orchestrator/run-request.ts";
import { ApiError } from "../errors.ts";
import type { DaemonContext } from "../part.ts";
import type { ManagedRun } from "../registry/managed-run.ts";
import { readAsked } from "./asked.ts";
import type { CommandLine, RunFound, UnderstoodRun } from "./command-line.ts";
import { clientHost } from "./host.ts";
import { ClientLine } from "./line.ts";
import type { ModelCache } from "./model-cache.ts";
import { decodeFrame, decodeHello, type Frame, FRAME, FrameError, MAX_MODEL } from "./protocol.ts";

/** Time that a client gets until its guard is there (ms). */
const PLACING_MS = 10_000;
/** Signals that are kept until somebody can take them. */
const MAX_EARLY_SIGNALS = 64;

export interface ConnectionParts {
  readonly context: DaemonContext;
  readonly commandLine: CommandLine;
  readonly models: ModelCache;
  /** Nothing is left of the connection. */
  onClosed(): void;
}

export class LaunchConnection {
  readonly #peer: Peer;
  readonly #parts: ConnectionParts;
  readonly #line: ClientLine;
  readonly #timer: NodeJS.Timeout;
  /** What it asks for, between its first message and its guard. */
  #understood: UnderstoodRun | undefined;
  /** Its folder. */
  #cwd = "/";
  #placed = false;
  #run: ManagedRun | undefined;
  /** The guard's socket, until it is used for a launch. */
  #guardSocket: number | undefined;
  #takeSignal: ((number: number) => void) | undefined;
  /** Signals that came before anybody could take them. */
  #early: number[] | undefined = [];
  #gone: () => void = () => undefined;
  readonly #isGone = new Promise<void>((resolve) => {
    this.#gone = resolve;
  });

  /** @param fd owned from now on */
  constructor(fd: number, peer: Peer, parts: ConnectionParts) {
    this.#peer = peer;
    this.#parts = parts;
    this.#line = new ClientLine(fd, {
      onMessage: (message) => this.#take(message),
      onEnd: () => this.#ended(),
      onClosed: () => parts.onClosed(),
    });
    this.#timer = setTimeout(() => this.close(), PLACING_MS);
  }

  /** Ends the line, whatever goes on: the client kills what it has. */
  close(): void {
    this.#line.close();
    this.#ended();
  }

  #take({ bytes, fds }: ReceivedMessage): void {
    const owned = new Set(fds);
    try {
      if (this.#placed) this.#takeFrame(decodeFrame(bytes));
      else if (this.#understood === undefined) this.#hello(bytes, fds);
      else this.#place(this.#understood, decodeFrame(bytes), { fds, owned });
    } catch (error) {
      if (this.#placed) throw error;
      this.#alone(error instanceof Error ? error.message : String(error));
    } finally {
      for (const fd of owned) closeSync(fd);
    }
  }

  /** The client does it itself. */
  #alone(why: string): void {
    clearTimeout(this.#timer);
    this.#line.send(FRAME.ALONE, 0, why);
    this.#line.finish();
    this.#ended();
  }

  #hello(bytes: Uint8Array, [fd]: readonly number[]): void {
    const hello = decodeHello(bytes);
    if (fd === undefined) throw new FrameError("BAD_FRAME", "the client's words are missing");
    const { terminal, ignoredSignals } = hello;
    const asked = readAsked(fd, hello);
    this.#cwd = asked.cwd;
    const understood = this.#parts.commandLine.understand({
      ...asked,
      uid: this.#peer.uid,
      ignoredSignals,
      terminal,
      write: (text) => this.#line.say(text),
    });
    if ("alone" in understood) {
      this.#alone(understood.alone);
      return;
    }
    this.#understood = understood;
    this.#line.send(FRAME.START, understood.commandAt, understood.modelFile ?? "");
  }

  #place(
    understood: UnderstoodRun,
    frame: Frame,
    { fds, owned }: { readonly fds: readonly number[]; readonly owned: Set<number> },
  ): void {
    const [guardSocket, modelFd] = fds;
    if (frame.type !== FRAME.PLACED || guardSocket === undefined || frame.value <= 0)
      throw new FrameError("BAD_FRAME", "the client has placed no guard");
    const { modelFile } = understood;
    // it was told which file to open, and does it alone when it can not
    if ((modelFd === undefined) !== (modelFile === undefined))
      throw new FrameError("BAD_FRAME", "the client's model is missing");
    clearTimeout(this.#timer);
    const text = modelFd === undefined ? undefined : readSealed(modelFd, MAX_MODEL);
    owned.delete(guardSocket);
    this.#guardSocket = guardSocket;
    this.#placed = true;
    const read = (): RunFound => {
      const { text: program } = frame;
      if (text === undefined || modelFile === undefined) return { program, used: undefined };
      const runs = (): ReturnType<typeof digestsOfProgram> =>
        digestsOfProgram(resolve(this.#cwd, program));
      const { context, models } = this.#parts;
      const { requirement } = context;
      return { program, used: models.read(text, modelFile, { requirement, runs }) };
    };
    void this.#serve(understood, read, frame.value);
  }

  async #serve(understood: UnderstoodRun, read: () => RunFound, guardPid: number): Promise<void> {
    let refused = "";
    const status = await understood.run(read, async (request, observer) => {
      try {
        this.#run = this.#start(this.#demanding(request), observer, guardPid);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        refused = error.message;
      }
      return this.#run?.ended;
    });
    if (status === undefined) {
      this.#alone(refused);
      return;
    }
    this.#line.sayLeftOut();
    this.#line.send(FRAME.EXIT, status);
    this.#line.finish();
    this.#ended();
  }

  /** The model was read under what the daemon demanded then; should that be more by now, the run is refused. */
  #demanding(asked: RunRequest): RunRequest {
    const { requirement } = this.#parts.context;
    const request = this.#asking(asked);
    if (request.modelFile === undefined || requirement === undefined) return request;
    return { ...request, requirement };
  }

  /** Who asks a fleet asks it through this daemon. */
  #asking(request: RunRequest): RunRequest {
    const { locality } = request;
    if (locality?.kind !== "remote") return request;
    const { verdict: socket } = this.#parts.context.sockets;
    return { ...request, locality: { ...locality, socket } };
  }

  /** @throws ApiError no more workloads are taken */
  #start(request: RunRequest, observer: RunObserver, guardPid: number): ManagedRun {
    const { context } = this.#parts;
    const takeGuard = (): number | undefined => {
      const socket = this.#guardSocket;
      this.#guardSocket = undefined;
      return socket;
    };
    const host = clientHost(context, {
      pid: this.#peer.pid,
      guardPid,
      takeGuard,
      gone: this.#isGone,
      endGuard: () => this.#line.send(FRAME.KILL, 0),
      stop: (pid) => this.#line.send(FRAME.STOP, pid),
      onSignal: (take) => this.#deliver(take),
    });
    return context.registry.start({ request, host, owner: this.#peer.uid, observer });
  }

  #takeFrame({ type, value }: Frame): void {
    if (type === FRAME.GONE) this.#gone();
    if (type !== FRAME.SIGNAL) return;
    const early = this.#early ?? [];
    if (this.#takeSignal !== undefined) this.#takeSignal(value);
    else if (early.length < MAX_EARLY_SIGNALS) early.push(value);
    // it has been passed on when the client hears of it
    this.#line.send(FRAME.HEARD, 0);
  }

  #deliver(take: ((number: number) => void) | undefined): void {
    this.#takeSignal = take;
    const early = this.#early ?? [];
    this.#early = undefined;
    if (take !== undefined) for (const number of early) take(number);
  }

  /** Somebody has killed the client, or the run is over. */
  #ended(): void {
    clearTimeout(this.#timer);
    this.#gone();
    this.#run?.kill("the galgo that it was started with was killed");
    if (this.#guardSocket !== undefined) closeSync(this.#guardSocket);
    this.#guardSocket = undefined;
  }
}
