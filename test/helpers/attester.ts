// SPDX-License-Identifier: Apache-2.0
// A run whose namespace is in this process, and a platform that notes what it is asked: for tests of how evidence is made.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type {
  PlatformEvidence,
  PlatformProver,
  TokenKeys,
} from "../../src/attest/evidence/index.ts";
import { tokenKeysOf, tokenSignerOf } from "../../src/attest/evidence/index.ts";
import { bytesToHex } from "../../src/base/hex.ts";
import { BUILTIN_PROFILES } from "../../src/model/index.ts";
import { Attester } from "../../src/orchestrator/attest/attester.ts";
import type { AttestedRun } from "../../src/orchestrator/attest/claims.ts";
import { createMirror, openLivePoints } from "../../src/orchestrator/live/index.ts";
import { SharedPointsWriter } from "../../src/orchestrator/live/shared-points.ts";
import { newHeartbeatBuffer } from "../../src/orchestrator/heartbeat.ts";
import { parseRequest, type RunPlan } from "../../src/orchestrator/plan.ts";
import { startReport } from "../../src/orchestrator/report.ts";
import type { RunRequest } from "../../src/orchestrator/run-request.ts";
import { createTma } from "../../src/tma/index.ts";
import { NO_PLATFORM } from "./evidence.ts";
import { aFile, anEvent } from "./events.ts";
import { aSigner, nodeVerifier } from "./signing.ts";

/** What a platform was asked, in turn: numbers of coefficients, and bindings. */
export type Asked = { readonly extend: readonly string[] } | { readonly prove: Uint8Array };

/** A platform that takes coefficients, and proves as it is told to. */
export class NotingProver implements PlatformProver {
  readonly asked: Asked[] = [];
  readonly extend: NonNullable<PlatformProver["extend"]>;
  closed = 0;
  /** Called for each proof. */
  proof: (binding: Uint8Array) => Promise<PlatformEvidence> = () => Promise.resolve(NO_PLATFORM);
  /** Called when something was extended. */
  onExtend: () => void = () => undefined;

  constructor() {
    this.extend = (coefficients) => {
      this.asked.push({ extend: coefficients.map(bytesToHex) });
      this.onExtend();
    };
  }

  /** All coefficients so far. */
  get extended(): readonly string[] {
    return this.asked.flatMap((each) => ("extend" in each ? each.extend : []));
  }

  prove(binding: Uint8Array): Promise<PlatformEvidence> {
    this.asked.push({ prove: binding });
    return this.proof(binding);
  }

  close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }
}

export interface AttestBench {
  readonly attester: Attester;
  readonly prover: NotingProver;
  readonly keys: TokenKeys;
  readonly plan: RunPlan;
  /** The run goes on. */
  serving: boolean;
  /** The workload opens a file. */
  happens(name: string): void;
  readonly points: () => readonly string[];
  state(): string;
  measurement(): string;
}

/** A run that has seen nothing yet. */
export function attestBench(t: TestContext, changes: Partial<RunRequest> = {}): AttestBench {
  const folder = mkdtempSync(join(tmpdir(), "galgo-attester-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const plan = parseRequest({ ...requestIn(folder), ...changes });
  const { directory, record } = startReport(plan);
  const { points, link } = openLivePoints(plan.tma);
  const writer = new SharedPointsWriter(link);
  const agent = createTma(plan.tma, writer);
  const { trajectory, forensics } = directory;
  const heartbeat = newHeartbeatBuffer();
  const mirror = createMirror({ tma: plan.tma, points, heartbeat, trajectory, forensics });
  const prover = new NotingProver();
  const signer = aSigner("ES256");
  const run: AttestedRun = {
    plan,
    record,
    owner: 1_000,
    features: () => ["cgroup"],
    enforced: () => false,
    serving: () => bench.serving,
  };
  const build = Promise.resolve({ version: "1.2.3", buildDigest: "79".repeat(32) });
  const attester = new Attester({
    run,
    mirror,
    signer: () => tokenSignerOf(signer),
    build,
    prover,
  });
  t.after(async () => {
    await attester.close();
    mirror.close();
  });
  const bench: AttestBench = {
    ...{ attester, prover, plan, keys: tokenKeysOf([signer.key], nodeVerifier), serving: true },
    happens: (name) => {
      agent.assess(anEvent("file_open", { file: aFile(`/${name}`) }));
      writer.instant.events += 1;
      writer.instant.publish();
    },
    points: () => agent.points().map(({ coefficient }) => coefficient),
    state: () => agent.state(),
    measurement: () => agent.measurement(),
  };
  return bench;
}

function requestIn(folder: string): RunRequest {
  return {
    command: ["/bin/true"],
    mode: "free",
    onViolation: "observe",
    name: "bench",
    rules: { mapping: "tsem-v4", digest: "sha256", profile: BUILTIN_PROFILES.portable },
    stateRoot: folder,
    cwd: "/",
    env: {},
    deadlineMs: 1_000,
    onExit: "wait",
    allowWeaker: false,
  };
}
