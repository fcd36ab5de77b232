// SPDX-License-Identifier: Apache-2.0
// Answers as a daemon does, with what a test has put into it: workloads that no machine has, however hostile.
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { join } from "node:path";
import type { WorkloadStatus } from "../../src/daemon/api/types.ts";
import type { Fidelity } from "../../src/sensor/sensor.ts";

const FIDELITY: Fidelity = {
  sensor: "seccomp",
  sees: ["file_open", "socket_bind", "socket_connect", "mmap_file"],
  holds: ["file_open", "socket_bind", "socket_connect"],
  absent: [],
  features: [],
};

/** What a test says of a workload; the rest is made up. */
export type StatusParts = Partial<Omit<WorkloadStatus, "counts" | "latency">> & {
  readonly name: string;
  readonly counts?: Partial<WorkloadStatus["counts"]>;
  readonly latency?: Partial<WorkloadStatus["latency"]>;
};

const COUNTS = { events: 0, points: 0, trajectory: 0, violations: 0, refused: 0, lost: 0 };

export function statusOf({ counts, latency, ...parts }: StatusParts): WorkloadStatus {
  return {
    id: `20261122T110000000Z-${parts.name.slice(0, 6)}`,
    mode: "enforce",
    sealed: true,
    onViolation: "deny",
    sensor: "seccomp",
    fidelity: FIDELITY,
    started: "2026-11-22T11:00:00.000Z",
    status: "running",
    origin: { kind: "command", pid: 4242, command: ["/usr/bin/true"] },
    owner: 0,
    held: false,
    state: "5ab3f09d".repeat(8),
    measurement: "17cc20e1".repeat(8),
    directory: "/nowhere",
    ...parts,
    counts: { ...COUNTS, ...counts },
    latency: { count: 100, p50Us: 21, p99Us: 85, maxUs: 1_300, ...latency },
  };
}

export class RecordedDaemon {
  workloads: WorkloadStatus[] = [];
  /** Lines of records by `id/list`. */
  readonly records = new Map<string, string[]>();
  readonly #server: Server;

  /** @param directory becomes GALGO_RUN_DIR */
  static async listen(directory: string): Promise<RecordedDaemon> {
    mkdirSync(directory, { recursive: true });
    const daemon = new RecordedDaemon();
    await new Promise<void>((resolve) =>
      daemon.#server.listen(join(directory, "api.sock"), resolve),
    );
    return daemon;
  }

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #answer({ url = "", method = "" }: IncomingMessage, response: ServerResponse): void {
    const [path = ""] = url.split("?");
    const [, , , id = "", what = ""] = path.split("/").map(decodeURIComponent);
    const lines = method === "GET" ? this.records.get(`${id}/${what}`) : undefined;
    if (lines !== undefined) {
      // as with ?follow=1: the answer stays open
      response.write(lines.map((line) => `${line}\n`).join(""));
      return;
    }
    const answer = this.#answerTo(path, id);
    response.statusCode = answer === undefined ? 404 : 200;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answer ?? { status: 404, code: "NOT_FOUND", detail: "not there" }));
  }

  #answerTo(path: string, id: string): unknown {
    if (path === "/v1/version") return { version: "0", api: "v1" };
    if (path === "/v1/health") return { status: "ready", pid: process.pid };
    if (path === "/v1/workloads") return { workloads: this.workloads };
    return this.workloads.find((one) => one.id === id);
  }
}
