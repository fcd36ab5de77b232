// SPDX-License-Identifier: Apache-2.0
// One workload three times: learned, run free as in CI, and enforced as in production. Its evidence carries one state; a behaviour that is
// injected changes it, and the verifier names that behaviour when it is given the record.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { Place, type RunningGalgo } from "../cli/galgo.ts";
import { aSigner } from "../helpers/signing.ts";

const NONCE = "00112233445566778899aabbccddeeff";
const place = new Place();
const release = aSigner("Ed25519");
const host = aSigner("ES256");

/** Answers each name on its standard input. The answer is written when all of what it does for one has happened. */
const COUNT = 'while IFS= read -r name; do wc -l "$name" || echo "no answer for $name"; done\n';

interface Claims {
  readonly eat_nonce: string;
  readonly galgo: {
    readonly state: string;
    readonly mode: string;
    readonly sealed: boolean;
    readonly counts: {
      readonly violations: number;
      readonly points: number;
      readonly lost: number;
    };
    readonly model?: { readonly signedBy?: readonly string[] };
  };
}

/** What is asked through a pipe, so that the workload goes on. */
class Asked {
  readonly running: RunningGalgo;
  readonly #pipe: number;

  constructor(args: readonly string[]) {
    const fifo = place.path("questions");
    // for reading too: the shell that opens the other end waits for nobody
    this.#pipe = openSync(fifo, constants.O_RDWR);
    this.running = place.wrapped(["sh", "-c", `exec "$@" <${fifo}`, "sh"], args);
  }

  async answer(question: string, answer: RegExp): Promise<void> {
    writeSync(this.#pipe, `${question}\n`);
    await this.running.says(answer);
  }

  async end(): Promise<void> {
    closeSync(this.#pipe);
    await this.running.ended;
  }
}

async function evidence(file: string): Promise<Claims> {
  const { status, stderr } = await place.galgo("attest", "count", "--nonce", NONCE, "-o", file);
  assert.equal(status, 0, stderr);
  const [, body = ""] = readFileSync(place.path(file), "utf8").split(".");
  return JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Claims;
}

const ENFORCED = [
  ...["run", "-m", "count.galgo.dsse.json", "--enforce", "--require-signature"],
  ...["--key", "release.pub.pem", "--attest-key", "host.pem", "--", "sh", "count.sh"],
];

let learned = "";

before(async () => {
  place.write("count.sh", COUNT);
  place.write("orders.csv", "a\nb\n");
  place.write("release.pem", release.privatePem, 0o600);
  place.write("release.pub.pem", release.publicPem);
  place.write("host.pem", host.privatePem, 0o600);
  place.write("policy.json", policy());
  execFileSync("mkfifo", [place.path("questions")]);
  const learning = new Asked([
    "learn",
    "--name",
    "count",
    "-o",
    "count.json",
    "--",
    "sh",
    "count.sh",
  ]);
  await learning.answer("orders.csv", /2 orders\.csv/);
  await learning.end();
  const sign = ["sign", "--key", "release.pem", "-o", "count.galgo.dsse.json", "count.json"];
  assert.equal((await place.galgo(...sign)).status, 0);
  learned = JSON.parse(readFileSync(place.path("count.json"), "utf8")).spec.state;
});
after(() => place.remove());

describe("evidence of one workload", () => {
  it("carries the state that was learned, of a run in CI that was free", async () => {
    const free = new Asked([
      "run",
      "--name",
      "count",
      "--attest-key",
      "host.pem",
      "--",
      "sh",
      "count.sh",
    ]);
    await free.answer("orders.csv", /2 orders\.csv/);
    const { galgo } = await evidence("ci.jwt");
    await free.end();
    assert.deepEqual([galgo.mode, galgo.sealed, galgo.model], ["free", false, undefined]);
    assert.equal(galgo.state, learned);
  });

  it("carries the same of a run that is enforced, until a behaviour is injected, which the verifier names", async () => {
    const enforced = new Asked(ENFORCED);
    await enforced.answer("orders.csv", /2 orders\.csv/);
    const { galgo, eat_nonce } = await evidence("good.jwt");
    assert.equal(galgo.state, learned);
    assert.deepEqual([galgo.mode, galgo.sealed], ["enforce", true]);
    assert.deepEqual(galgo.model?.signedBy, [release.key.id]);
    assert.equal(eat_nonce, Buffer.from(NONCE, "hex").toString("base64url"));
    const good = await verify("good.jwt");
    assert.equal(good.status, 0, good.stdout);

    await enforced.answer("/etc/passwd", /no answer for \/etc\/passwd/);
    const injected = (await evidence("injected.jwt")).galgo;
    assert.notEqual(injected.state, learned);
    assert.equal(injected.counts.violations, 1);
    assert.equal(injected.counts.points, galgo.counts.points + 1);
    await told("while it goes on");
    await enforced.end();
    await told("when it has ended");
  });
});

const verify = (file: string, ...more: readonly string[]): ReturnType<Place["galgo"]> =>
  place.galgo("verify", file, "--policy", "policy.json", "--nonce", NONCE, "--json", ...more);

/** The verdict with the record at hand. */
async function told(when: string): Promise<void> {
  const { status, stdout, stderr } = await verify("injected.jwt", "--records", "count");
  assert.equal(status, 1, stderr);
  const { refusals, difference } = JSON.parse(stdout);
  assert.deepEqual(
    refusals.map(({ reason }: { reason: string }) => reason).sort(),
    ["VIOLATIONS", "WRONG_STATE"],
    when,
  );
  assert.equal(difference.added.length, 1, when);
  assert.match(difference.added[0].words, /\/wc opens \/etc\/passwd for reading/, when);
  assert.deepEqual(difference.missing, []);
}

function policy(): string {
  return JSON.stringify({
    apiVersion: "galgo.dev/v1",
    kind: "VerifierPolicy",
    keys: [{ name: "host", publicKey: host.publicPem }],
    trust: {
      apiVersion: "galgo.dev/v1",
      kind: "TrustPolicy",
      keys: [{ name: "release", publicKey: release.publicPem }],
      rules: [{ models: ["count"], keys: ["release"] }],
    },
    workloads: [
      {
        names: ["count"],
        reference: { models: ["count.galgo.dsse.json"], signed: true, demanded: true },
        freshness: { seconds: 600 },
        platform: { none: true },
      },
    ],
  });
}
