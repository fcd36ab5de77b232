// SPDX-License-Identifier: Apache-2.0
// Whole runs that a TSEM v4 kernel recorded, through the command line: the same coefficients, state and measurement as that kernel's.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { Place } from "../cli/galgo.ts";
import { linesOf, wholeVectors } from "../helpers/vectors.ts";

const archive = wholeVectors("tsem-kernel-v4/runs.tar.xz");
const folder = mkdtempSync(join(tmpdir(), "galgo-replay-runs-"));
after(() => rmSync(folder, { recursive: true, force: true }));
if (archive.skip === false)
  execFileSync("tar", ["-xJf", archive.path, "-C", folder], { stdio: "pipe" });

/** A recording of one phase of a run. */
interface Recording {
  readonly title: string;
  readonly file: string;
  readonly digest: string;
  /** What stands beside it: files of the kernel's model. */
  readonly beside: (name: string) => string;
  /** The kernel had points before the run: its state is not that of the recording. */
  readonly preloaded: boolean;
  readonly base: string | undefined;
}

function recordings(kind: "trajectory" | "forensics"): Recording[] {
  return readdirSync(folder)
    .sort()
    .flatMap((run) => ["", "phase1_", "phase2_"].map((phase) => ({ run, phase })))
    .filter(({ run, phase }) => existsSync(join(folder, run, phase + kind)))
    .map(({ run, phase }) => {
      const command = readFileSync(join(folder, run, "command.txt"), "utf8");
      return {
        title: `${run} ${phase}${kind}`,
        file: join(folder, run, phase + kind),
        digest: / -d (\S+)/.exec(command)?.[1] ?? "sha256",
        beside: (name: string) => readFileSync(join(folder, run, phase + name), "utf8"),
        preloaded: command.includes(" -l "),
        base: / -b ([0-9a-f]+)/.exec(command)?.[1],
      };
    })
    .filter(({ file }) => readFileSync(file).length > 0);
}

/** Records of this hook do not hold exactly what that kernel hashed (docs/fidelity.md). */
const UNDERIVABLE = '"type": "netlink_send"';

describe("a trajectory of a kernel", { concurrency: 2, ...archive }, () => {
  for (const recording of recordings("trajectory")) {
    it(`gives the kernel's values: ${recording.title}`, (t) => compare(new Place(t), recording));
  }
});

async function compare(place: Place, recording: Recording): Promise<void> {
  const { file, digest, beside, preloaded, base } = recording;
  const rules = ["--digest", digest, ...(base === undefined ? [] : ["--base", base])];
  const outcome = await place.galgo("replay", file, "--coefficients", ...rules);
  assert.equal(outcome.status, 0, outcome.stderr);
  assert.equal(outcome.stderr, "");
  const got = outcome.stdout.trim().split("\n");
  const coefficients = beside("trajectory_coefficients").trim().split("\n");
  const others = got.filter((one) => !coefficients.includes(one));
  const underivable = linesOf(file).filter((line) => line.includes(UNDERIVABLE)).length;
  assert.ok(others.length <= underivable, others.join());
  // of a preloaded run only what was added is in the trajectory; violations are part of a state
  if (preloaded || others.length > 0 || beside("forensics_coefficients").trim() !== "") return;
  assert.equal(got.length, coefficients.length);
  const state = await place.galgo("replay", file, "--state", ...rules);
  assert.equal(state.stdout, beside("state"));
  // that kernel took its base after the first event, so it is not in the measurement from the start
  if (base !== undefined || got.join() !== coefficients.join()) return;
  const measurement = await place.galgo("replay", file, "--measurement", ...rules);
  assert.equal(measurement.stdout, beside("measurement"));
}

describe("forensics of a kernel", archive, () => {
  for (const { title, file, digest, beside } of recordings("forensics")) {
    it(`give the kernel's coefficients: ${title}`, async (t) => {
      const args = ["replay", file, "--coefficients", "--digest", digest];
      const { stdout } = await new Place(t).galgo(...args);
      assert.equal(stdout, beside("forensics_coefficients"));
    });
  }

  it("violate the model of the trajectory before them", async (t) => {
    const place = new Place(t);
    const run = join(folder, "seal_violation");
    const trajectory = join(run, "phase1_trajectory");
    const made = await place.galgo("replay", trajectory, "-o", "m.json");
    assert.equal(made.status, 0, made.stderr);
    assert.equal((await place.galgo("replay", trajectory, "-m", "m.json")).status, 0);
    const args = ["replay", join(run, "phase2_forensics"), "-m", "m.json", "--detect", "--state"];
    const { status, stdout, stderr } = await place.galgo(...args);
    assert.equal(status, 121);
    assert.match(stderr, /violation 1: bash opens \/tsem\/w\/violation\.sh for reading/);
    assert.equal(stdout, readFileSync(join(run, "phase2_state"), "utf8"));
  });
});

describe("an export stream of a kernel", { concurrency: 2, ...archive }, () => {
  const streams = readdirSync(folder).filter((run) =>
    existsSync(join(folder, run, "export.jsonl")),
  );
  for (const run of streams) {
    it(`gives one line for each record: ${run}`, async (t) => {
      const file = join(folder, run, "export.jsonl");
      const { status, stdout, stderr } = await new Place(t).galgo("replay", file, "--coefficients");
      assert.equal(status, 0, stderr);
      const types = linesOf(file).map((line) => /^\{"export": \{"type": "(\w+)"/.exec(line)?.[1]);
      const lines = stdout.trimEnd().split("\n");
      assert.equal(lines.length, types.length);
      for (const [at, line] of lines.entries()) {
        const modeled = types[at] !== "aggregate" && types[at] !== "log";
        assert.match(line, modeled ? /^[0-9a-f]{64}$/ : /^-$/, `record ${at + 1}`);
      }
    });
  }
});

describe("every captured record of a kernel", wholeVectors("tsem-kernel-v4/pairs.jsonl.gz"), () => {
  interface Pair {
    readonly digest: string;
    readonly match: string;
    readonly coefficient: string;
    readonly record: string;
  }

  it("gives its coefficient, in the place of the record", async (t) => {
    const place = new Place(t);
    const all = linesOf(wholeVectors("tsem-kernel-v4/pairs.jsonl.gz").path);
    const pairs = all.map((line) => JSON.parse(line) as Pair);
    for (const digest of ["sha256", "sha512", "sha3-256"]) {
      const own = pairs.filter((pair) => pair.digest === digest);
      const file = place.write(digest, own.map(({ record }) => `${record}\n`).join(""));
      const args = ["replay", file, "--digest", digest, "--coefficients"];
      const { stdout, stderr } = await place.galgo(...args);
      assert.equal(stderr, "");
      const lines = stdout.trimEnd().split("\n");
      assert.equal(lines.length, own.length);
      const other = own.filter(({ coefficient }, at) => lines[at] !== coefficient);
      assert.deepEqual(
        [...new Set(other.map(({ match }) => match))].join(),
        digest === "sha256" ? "not-derivable-from-json" : "",
      );
    }
  });
});
