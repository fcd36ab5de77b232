// SPDX-License-Identifier: Apache-2.0
// Asks a daemon: HTTP over its unix socket, one connection for each request.
import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { quote } from "../../base/quote.ts";
import type { AttestAnswer, AttestOrder } from "../../orchestrator/attest/order.ts";
import { ASKER_HEADER } from "../api/types.ts";
import type {
  AttachOrder,
  ControlOrder,
  DaemonHealth,
  DaemonVersion,
  Problem,
  WorkloadCoefficients,
  WorkloadList,
  WorkloadPointCounts,
  WorkloadPoints,
  WorkloadStatus,
} from "../api/types.ts";
import { ClientError } from "../errors.ts";
import type { FleetStatus } from "../fleet/status.ts";
import { clientDirectories, type Environment, socketsIn } from "../sockets.ts";

/** An answer that is kept in memory (bytes). */
const MAX_ANSWER_BYTES: number = 256 * 1024 * 1024;
/** Time without a byte after which a daemon that should answer at once counts as gone (ms). */
const ANSWER_MS = 30_000;
/** The same, where a platform has to vouch for the answer, and others may be before us. */
const PROOF_ANSWER_MS = 120_000;

export interface LinesOptions {
  /** Records that are left out at the begin. */
  readonly from?: number;
  /** Go on with what comes later, until the workload has ended. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: string;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Silence is no failure. */
  readonly patient?: boolean;
  /** Time without a byte that is one; default ANSWER_MS. */
  readonly silenceMs?: number;
}

/** A daemon behind its socket. Every method throws ClientError; its message is fit for people. */
export class DaemonClient {
  readonly socketPath: string;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  health(): Promise<DaemonHealth> {
    return this.#json({ method: "GET", path: "/v1/health" });
  }

  version(): Promise<DaemonVersion> {
    return this.#json({ method: "GET", path: "/v1/version" });
  }

  fleet(): Promise<FleetStatus> {
    return this.#json({ method: "GET", path: "/v1/fleet" });
  }

  async workloads(): Promise<readonly WorkloadStatus[]> {
    const list = await this.#json<WorkloadList>({ method: "GET", path: "/v1/workloads" });
    return list.workloads;
  }

  /** @param id of the run, or a name that only one workload has */
  workload(id: string): Promise<WorkloadStatus> {
    return this.#json({ method: "GET", path: pathOf(id) });
  }

  points(id: string): Promise<WorkloadPoints> {
    return this.#json({ method: "GET", path: pathOf(id, "points") });
  }

  coefficients(id: string): Promise<WorkloadCoefficients> {
    return this.#json({ method: "GET", path: pathOf(id, "coefficients") });
  }

  counts(id: string): Promise<WorkloadPointCounts> {
    return this.#json({ method: "GET", path: pathOf(id, "counts") });
  }

  /** Text of a model file. */
  model(id: string): Promise<string> {
    return this.#text({ method: "GET", path: pathOf(id, "model") });
  }

  metrics(): Promise<string> {
    return this.#text({ method: "GET", path: "/metrics" });
  }

  /** The lines of a record file, without their ends. */
  async *lines(
    id: string,
    kind: "trajectory" | "forensics",
    { from = 0, follow = false, signal }: LinesOptions = {},
  ): AsyncGenerator<string> {
    const path = `${pathOf(id, kind)}?from=${from}&follow=${follow ? 1 : 0}`;
    const call = {
      method: "GET",
      path,
      patient: true,
      ...(signal === undefined ? {} : { signal }),
    } as const;
    let rest = "";
    try {
      const answer = await this.#answer(call);
      answer.setEncoding("utf8");
      for await (const piece of answer as AsyncIterable<string>) {
        const lines = (rest + piece).split("\n");
        rest = lines.pop() ?? "";
        yield* lines;
      }
    } catch (error) {
      if (signal?.aborted === true) return;
      throw this.#gone(error);
    }
  }

  /** @param asker the process that gives the order, when it is not this one: it may not be one of a workload either */
  control(id: string, order: ControlOrder, asker?: number): Promise<WorkloadStatus> {
    const body = JSON.stringify(order);
    const headers = asker === undefined ? {} : { [ASKER_HEADER]: String(asker) };
    return this.#json({ method: "POST", path: pathOf(id, "control"), body, headers });
  }

  kill(id: string): Promise<WorkloadStatus> {
    return this.#json({ method: "POST", path: pathOf(id, "kill") });
  }

  /** @param id of the run, or a name that only one workload has */
  evidence(id: string, order: AttestOrder): Promise<AttestAnswer> {
    const body = JSON.stringify(order);
    return this.#json({
      method: "POST",
      path: pathOf(id, "attest"),
      body,
      silenceMs: PROOF_ANSWER_MS,
    });
  }

  attach(order: AttachOrder): Promise<WorkloadStatus> {
    return this.#json({ method: "POST", path: "/v1/attach", body: JSON.stringify(order) });
  }

  async reload(): Promise<void> {
    await this.#text({ method: "POST", path: "/v1/reload" });
  }

  async #json<T>(call: Call): Promise<T> {
    const text = await this.#text(call);
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw this.#noSense(cause);
    }
  }

  async #text(call: Call): Promise<string> {
    return this.#read(await this.#answer(call));
  }

  async #read(answer: IncomingMessage): Promise<string> {
    try {
      return await textOf(answer);
    } catch (error) {
      throw this.#gone(error);
    }
  }

  /** The answer, when it is what was asked for. */
  async #answer(call: Call): Promise<IncomingMessage> {
    const answer = await this.#send(call);
    const { statusCode = 0 } = answer;
    if (statusCode >= 200 && statusCode < 300) return answer;
    throw this.#refused(await this.#read(answer), statusCode);
  }

  #send({ method, path, body, signal, ...call }: Call): Promise<IncomingMessage> {
    const { patient, headers, silenceMs = ANSWER_MS } = call;
    return new Promise((resolve, reject) => {
      const request = httpRequest({
        socketPath: this.socketPath,
        method,
        path,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        agent: false,
        ...(signal === undefined ? {} : { signal }),
        ...(patient === true ? {} : { timeout: silenceMs }),
      });
      request.once("timeout", () => request.destroy(this.#silent(silenceMs)));
      // also a later one, of an answer that somebody has stopped reading
      request.on("error", (error) => reject(this.#gone(error)));
      request.once("response", resolve);
      request.end(body);
    });
  }

  #silent(ms: number): ClientError {
    const at = quote(this.socketPath);
    return new ClientError("GONE", `the daemon at ${at} has not answered for ${ms / 1_000} s`);
  }

  #gone(error: unknown): ClientError {
    if (error instanceof ClientError) return error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const at = quote(this.socketPath);
    if (code === "ENOENT" || code === "ECONNREFUSED")
      return new ClientError("NO_DAEMON", `no daemon answers at ${at}: galgo daemon starts one`);
    if (code === "EACCES") {
      const advice = "ask for membership in the daemon's group ([daemon] group), or be root";
      return new ClientError("NOT_ALLOWED", `you may not use the daemon at ${at}: ${advice}`);
    }
    return new ClientError("GONE", `the daemon at ${at} is gone (${quote(code, 100)})`, {
      cause: error,
    });
  }

  #refused(text: string, status: number): ClientError {
    const problem = problemIn(text);
    if (problem === undefined) return this.#noSense(`status ${status}`);
    const code = status === 404 ? "NOT_FOUND" : status === 403 ? "NOT_ALLOWED" : "REFUSED";
    return new ClientError(code, problem.detail, { facts: { status, code: problem.code } });
  }

  #noSense(cause: unknown): ClientError {
    const at = quote(this.socketPath);
    return new ClientError("BAD_ANSWER", `what answers at ${at} is no daemon of this version`, {
      cause,
    });
  }
}

/**
 * The nearest daemon that answers: the one in GALGO_RUN_DIR where that is set, else the user's own, else root's.
 * @throws ClientError NO_DAEMON, NOT_ALLOWED
 */
export async function findDaemon(env: Environment, uid: number): Promise<DaemonClient> {
  let failure: unknown;
  for (const directory of clientDirectories(env, uid)) {
    const client = new DaemonClient(socketsIn(directory).api);
    try {
      await client.version();
      return client;
    } catch (error) {
      // one that may not be used says more than one that is not there
      if (failure === undefined || !isAbsent(error)) failure = error;
    }
  }
  throw failure ?? new ClientError("NO_DAEMON", "no daemon runs: galgo daemon starts one");
}

function isAbsent(error: unknown): boolean {
  return error instanceof ClientError && error.code === "NO_DAEMON";
}

function pathOf(id: string, part?: string): string {
  const path = `/v1/workloads/${encodeURIComponent(id)}`;
  return part === undefined ? path : `${path}/${part}`;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MAX_ANSWER_BYTES) throw new Error("the answer is too long");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function problemIn(text: string): Problem | undefined {
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    return typeof problem.detail === "string" ? (problem as Problem) : undefined;
  } catch {
    return undefined;
  }
}
