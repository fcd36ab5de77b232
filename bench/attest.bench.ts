// SPDX-License-Identifier: Apache-2.0
// Signed models and evidence: what signing, verifying and appraising take; what a proof of a running, enforced namespace takes, with a key in a
// file and with a TPM (swtpm) besides, and what the held calls of that namespace notice. What being looked at costs is in instant.bench.ts.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { signedBy } from "../src/attest/signed/envelope-signatures.ts";
import { writeEnvelope } from "../src/attest/signed/dsse.ts";
import { envelopeOfModel } from "../src/attest/signed/statement.ts";
import { signEatCwt, signEatJwt, tokenSignerOf } from "../src/attest/evidence/index.ts";
import { verifyEvidence } from "../src/attest/verify/index.ts";
import {
  BUILTIN_PROFILES,
  makeWorkloadModel,
  stringifyWorkloadModel,
  type WorkloadModel,
} from "../src/model/index.ts";
import { readModel, readRequirement, useModel } from "../src/orchestrator/index.ts";
import { nodeHasher } from "../src/tma/index.ts";
import { attested, caseOf, HOST, NOW, RELEASE, signedModel } from "../test/helpers/attested.ts";
import { aSigner } from "../test/helpers/signing.ts";
import { noSwtpm, Swtpm } from "../test/helpers/swtpm.ts";
import { verifyCrypto } from "../test/helpers/verify-crypto.ts";
import { bench } from "./lib/bench.ts";
import { BenchDaemon, between, type Buckets, quantileOf, STARTER } from "./lib/daemon.ts";
import { Galgo } from "./lib/galgo.ts";
import { Lab } from "./lib/lab.ts";
import type { BenchOutcome, BenchTable, Verdict } from "./lib/result.ts";
import { digits, quantile, times, us } from "./lib/stats.ts";

const POINTS = 2_000;
const LARGE_POINTS = 100_000;
/** Rounds of what takes milliseconds, and of what takes more. */
const ROUNDS = 200;
const LARGE_ROUNDS = 10;
/** Short, so that what else the machine does meets all cases alike. GALGO_BENCH_WINDOWS=1 tries it out. */
const WINDOW_S = 2;
const WINDOWS = Number(process.env["GALGO_BENCH_WINDOWS"] ?? 10);
const PAUSE_US = 500;
/** Between two proofs of "often" (ms). */
const OFTEN_MS = 100;
const STALL_BUDGET = 2;

interface Timed {
  readonly p50: number;
  readonly p99: number;
  readonly n: number;
}

/** Times of some work (ms), after a tenth of the rounds that do not count. */
async function timed(rounds: number, work: () => unknown): Promise<Timed> {
  const found: number[] = [];
  for (let round = -Math.ceil(rounds / 10); round < rounds; round++) {
    const from = performance.now();
    await work();
    if (round >= 0) found.push(performance.now() - from);
  }
  return summary(found);
}

function summary(found: readonly number[]): Timed {
  return { p50: quantile(found, 0.5), p99: quantile(found, 0.99), n: found.length };
}

function row(what: string, { p50, p99, n }: Timed, size?: number): string[] {
  return [
    what,
    digits(p50),
    digits(p99),
    String(n),
    size === undefined ? "-" : digits(size / 1_024),
  ];
}

function modelOf(points: number): WorkloadModel {
  const hasher = nodeHasher("sha256");
  return makeWorkloadModel(
    {
      name: "shop-web",
      mapping: "tsem-v4",
      profile: BUILTIN_PROFILES.portable,
      aggregate: "0".repeat(64),
      sealed: true,
      fidelity: {
        sensor: "seccomp",
        sees: ["file_open"],
        holds: ["file_open"],
        absent: [],
        features: [],
      },
      pseudonyms: [],
      points: Array.from({ length: points }, () => randomBytes(32).toString("hex")),
      completeness: { runs: 1, eventsSeen: points, eventsLost: 0, saturation: [] },
    },
    hasher,
  );
}

/** Signing and using a model of so many points. */
async function models(lab: Lab, points: number, rounds: number): Promise<string[][]> {
  const model = modelOf(points);
  const plain = stringifyWorkloadModel(model);
  const label = `${digits(points)} behaviours`;
  const rows = [
    row(
      `read a model that is not signed, ${label}`,
      await timed(rounds, () => readModel(plain, "m.json")),
      plain.length,
    ),
  ];
  for (const [alg, name] of [
    ["Ed25519", "Ed25519"],
    ["ES256", "ECDSA P-256"],
  ] as const) {
    const signer = aSigner(alg);
    const requirement = readRequirement({ keys: [lab.write(`${alg}.pem`, signer.publicPem)] });
    const sign = (): string =>
      writeEnvelope(
        signedBy(envelopeOfModel(model, [{ digest: { sha256: "ab".repeat(32) } }]), signer),
      );
    const text = sign();
    rows.push(
      row(`sign, ${name}, ${label}`, await timed(rounds, sign), text.length),
      row(
        `verify and read it, ${name}, ${label}`,
        await timed(rounds, () => useModel(text, "m.json", { requirement })),
      ),
    );
  }
  return rows;
}

/** Tokens and their appraisal, with what a TPM in software says in them. */
async function tokens(): Promise<string[][]> {
  const model = modelOf(POINTS);
  const given = attested({ model });
  const signer = tokenSignerOf(HOST);
  const [jwt, cwt] = [
    await signEatJwt(given.evidence, signer),
    await signEatCwt(given.evidence, signer),
  ];
  const asked = await caseOf(given, {
    models: [{ name: "shop-web.json", text: signedModel(model, RELEASE) }],
    now: NOW,
  });
  const appraise = async (): Promise<void> => {
    const { accepted, refusals } = await verifyEvidence(asked, verifyCrypto);
    if (!accepted) throw new Error(`refused: ${refusals.map(({ why }) => why).join("; ")}`);
  };
  const label = `quote of a TPM, ${digits(POINTS)} behaviours`;
  return [
    row(
      "sign evidence as JWT",
      await timed(ROUNDS, () => signEatJwt(given.evidence, signer)),
      jwt.length,
    ),
    row(
      "sign evidence as CWT",
      await timed(ROUNDS, () => signEatCwt(given.evidence, signer)),
      cwt.length,
    ),
    row(`appraise it under a policy, ${label}`, await timed(ROUNDS, appraise)),
  ];
}

/** Of one window, as the workload has measured its opens (ns). */
interface Opens {
  readonly n: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** How proofs are asked for. */
const CASES = ["never", "often", "without a pause"] as const;
type Case = (typeof CASES)[number];

interface Live {
  readonly name: string;
  readonly proofs: Readonly<Record<Case, Timed>>;
  readonly opens: Readonly<Record<Case, Opens>>;
  /** p99 from when the thread took a call to its answer (us). */
  readonly decisionsP99: Readonly<Record<Case, number>>;
}

interface Site {
  readonly lab: Lab;
  readonly model: string;
  readonly program: string;
  readonly files: string;
  readonly key: string;
}

/** Has a namespace run, asks it for proofs in each of the ways in turn, and looks at what its held calls took meanwhile. */
async function live(site: Site, name: string, attest: string): Promise<Live> {
  const { lab, program, files, model, key } = site;
  const config = `[attest]\nkey = "${key}"\n${attest}\n`;
  const daemon = await BenchDaemon.start(lab, name, config);
  const loop = [program, files, String(POINTS), String(PAUSE_US)];
  const command = [STARTER, "run", "-m", model, "--enforce", "--name", "loop", "--", ...loop];
  const running = lab.run(command, { env: daemon.env });
  const [workload] = await daemon.running(1);
  if (workload === undefined || !("pid" in workload.origin)) throw new Error("nothing runs");
  const { pid } = workload.origin;
  // the first round of the workload does not count
  await delay(2_000 + (POINTS * PAUSE_US) / 1_000);
  const took: Record<Case, number[]> = { never: [], often: [], "without a pause": [] };
  const decided: Record<Case, Buckets[]> = { never: [], often: [], "without a pause": [] };
  for (let window = 0; window < WINDOWS; window++) {
    for (const how of CASES) {
      const before = await daemon.decisions();
      took[how].push(...(await proofs(daemon, workload.id, how)));
      decided[how].push(between(before, await daemon.decisions()));
      process.kill(pid, "SIGUSR1");
    }
  }
  const { lost, violations } = (await daemon.client.workload(workload.id)).counts;
  if (lost + violations > 0) throw new Error("events were lost, or violations");
  process.kill(pid, "SIGTERM");
  const ran = await running;
  if (ran.status !== 0) throw new Error(`the workload ended with ${ran.status}: ${ran.stderr}`);
  await daemon.stop();
  const opens = JSON.parse(ran.stdout) as readonly Opens[];
  return {
    name,
    proofs: byCase((how) => summary(took[how])),
    decisionsP99: byCase((how) => quantileOf(together(decided[how]), 0.99)),
    opens: byCase(
      (_, at) => opens[at] ?? { n: 0, p50: Number.NaN, p99: Number.NaN, max: Number.NaN },
    ),
  };
}

function together(all: readonly Buckets[]): Buckets {
  const sum = new Map<number, number>();
  for (const buckets of all)
    for (const [end, count] of buckets) sum.set(end, (sum.get(end) ?? 0) + count);
  return new Map([...sum].sort(([a], [b]) => a - b));
}

function byCase<T>(of: (how: Case, at: number) => T): Record<Case, T> {
  return Object.fromEntries(CASES.map((how, at) => [how, of(how, at)])) as Record<Case, T>;
}

/** Times of the proofs of one window (ms). */
async function proofs(daemon: BenchDaemon, id: string, how: Case): Promise<number[]> {
  const took: number[] = [];
  const end = performance.now() + WINDOW_S * 1_000;
  while (how !== "never" && performance.now() < end) {
    const from = performance.now();
    const nonce = randomBytes(32).toString("hex");
    await daemon.client.evidence(id, { nonce, form: "jwt" });
    took.push(performance.now() - from);
    if (how === "often") await delay(OFTEN_MS);
  }
  await delay(Math.max(0, end - performance.now()));
  return took;
}

async function site(lab: Lab): Promise<Site> {
  const files = lab.sub("files");
  for (let i = 0; i < POINTS; i++) writeFileSync(join(files, `f${i}`), "x");
  const program = lab.program("many-open");
  const galgo = new Galgo(lab);
  const model = await galgo.learn("loop", [program, files, String(POINTS), "1", "2"]);
  const key = lab.write("attest.pem", aSigner("ES256").privatePem);
  await lab.succeed(["chmod", "600", key]);
  return { lab, model, program, files, key };
}

async function measure(): Promise<BenchOutcome> {
  const lab = new Lab("attest");
  const rows = [
    ...(await models(lab, POINTS, ROUNDS)),
    ...(await models(lab, LARGE_POINTS, LARGE_ROUNDS)),
    ...(await tokens()),
  ];
  const place = await site(lab);
  const found = [await live(place, "a key in a file", 'platform = "none"')];
  if (noSwtpm === false) {
    const tpm = await Swtpm.start();
    try {
      const config = `platform = "tpm"\ntpm = "${tpm.address}"\nroot = "loop"`;
      found.push(await live(place, "and a TPM (swtpm)", config));
    } finally {
      await tpm.stop();
    }
  }
  lab.close();
  return {
    tables: [
      {
        title: "signed models and evidence, in one process",
        columns: ["what", "p50, ms", "p99, ms", "rounds", "KiB"],
        rows,
        note: "A signed model is checked, then read and checked as a model; its own digest is part of that. Keys are in files.",
      },
      liveTable(found),
    ],
    verdicts: found.map(verdict),
    notes: [
      `the workload opens one of ${digits(POINTS)} files each ${PAUSE_US} us and measures each held open itself; windows of ${WINDOW_S} s take turns, ${WINDOWS} of each; often: a pause of ${OFTEN_MS} ms between two proofs`,
      "an open is what the workload itself has measured, waiting for a processor included; a decision is counted from the moment the thread takes the call, out of the daemon's histogram",
      "without a pause the daemon's main thread, the bench, the workload and the thread that decides share the processors",
      ...(noSwtpm === false ? [] : [`not measured with a TPM: ${noSwtpm}`]),
    ],
  };
}

function liveTable(found: readonly Live[]): BenchTable {
  return {
    title: `proofs of a running, enforced namespace with ${digits(POINTS)} behaviours, by the daemon`,
    columns: [
      "who vouches",
      "proofs",
      "held open p50, us",
      "p99, us",
      "max, us",
      "p99, times without",
      "decision p99, us",
      "proof p50, ms",
      "p99, ms",
      "of",
    ],
    rows: found.flatMap((each) => CASES.map((how) => liveRow(each, how))),
  };
}

function liveRow({ name, proofs: asked, opens, decisionsP99 }: Live, how: Case): string[] {
  const [{ p50, p99, max }, proof] = [opens[how], asked[how]];
  const told = how === "never" ? ["-", "-"] : [digits(proof.p50), digits(proof.p99)];
  const ratio = times(p99 / opens.never.p99);
  const decided = digits(decisionsP99[how]);
  return [name, how, us(p50), us(p99), us(max), ratio, decided, ...told, String(proof.n)];
}

function verdict({ name, opens }: Live): Verdict {
  const ratio = opens.often.p99 / opens.never.p99;
  return {
    what: `p99 of held calls while a proof is made every ${OFTEN_MS} ms, times that without (${name})`,
    budget: `<= ${STALL_BUDGET}x`,
    measured: times(ratio),
    met: ratio <= STALL_BUDGET,
  };
}

await bench("attest", measure);
