// SPDX-License-Identifier: Apache-2.0
// A TPM under a run, and what galgo tpm says, as a user types it; tpm2-tools have the last word on the quote.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { TestContext } from "node:test";
import { type Evidence, openEatJwt, type TpmEvidence } from "../../src/attest/evidence/index.ts";
import { readPaper, replayPcr, aggregateOf } from "../../src/attest/tpm/index.ts";
import { bytesToHex, hexToBytes } from "../../src/base/hex.ts";
import { createModel } from "../../src/model/index.ts";
import { nodeHasher } from "../../src/tma/index.ts";
import { readRunRecord } from "../../src/orchestrator/inspect/index.ts";
import { nodeTokenKeys, readTokenKey } from "../../src/quote/token-signer.ts";
import { nodeTpmCrypto as crypto } from "../../src/quote/tpm/index.ts";
import { noTpmTools, Swtpm } from "../helpers/swtpm.ts";
import { someEndorsement } from "../helpers/some-endorsement.ts";
import { TpmMaker } from "../helpers/tpm-maker.ts";
import { type SharedTpm, shareTpm } from "../helpers/tpm-sharer.ts";
import { type Outcome, Place, type RunningGalgo } from "./galgo.ts";

const NONCE = "00112233445566778899aabbccddeeff";
const DIGEST_BYTES = 32;

describe("galgo with a TPM", { skip: noTpmTools }, () => {
  let emulator: Swtpm;
  let shared: SharedTpm;
  beforeEach(async () => {
    emulator = await Swtpm.start();
    shared = await shareTpm(emulator.address, join(emulator.folder, "shared.sock"));
  });
  afterEach(async () => {
    emulator?.wake();
    await emulator?.kill();
    await shared?.close();
    await emulator?.stop();
  });

  /** A place with a key of evidence; nobody is a daemon there. */
  async function placeWithKey(t: TestContext): Promise<Place> {
    const place = new Place(t);
    await good(place, ["key", "new", "--type", "p256", "-o", "key.pem"]);
    return place;
  }

  function starts(place: Place, words: readonly string[]): Promise<Outcome> {
    return place.start(words, { GALGO_RUN_DIR: place.path("nobody") }).ended;
  }

  async function good(place: Place, words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await starts(place, words);
    assert.equal(status, 0, stderr);
    return stdout;
  }

  /** A run that says `ready` and waits for a file. */
  async function runs(place: Place): Promise<RunningGalgo> {
    const script = `echo ready; while [ ! -e ${place.path("go")} ]; do sleep 0.05; done`;
    const words = ["run", "--name", "app", "--attest-key", "key.pem", "--tpm", shared.address];
    const run = place.start([...words, "--", "sh", "-c", script], {
      GALGO_RUN_DIR: place.path("nobody"),
    });
    await run.says(/ready/);
    return run;
  }

  async function opened(
    place: Place,
    jwt: string,
  ): Promise<{ evidence: Evidence; platform: TpmEvidence }> {
    const keys = nodeTokenKeys([readTokenKey(place.path("key.pem"))]);
    const { evidence } = await openEatJwt(jwt.trim(), keys);
    assert.ok(evidence.platform.kind === "tpm");
    return { evidence, platform: evidence.platform };
  }

  it("gives evidence whose quote tpm2_checkquote believes, and whose registers make the state", async (t) => {
    const place = await placeWithKey(t);
    const run = await runs(place);
    const jwt = await good(place, ["attest", "app", "--nonce", NONCE]);
    place.write("e.jwt", jwt);
    const { evidence, platform } = await opened(place, jwt);

    const line = await good(place, ["tpm", "unpack", "e.jwt", "--key", "key.pub.pem", "-o", "q"]);
    const nowhere = ["tpm", "unpack", "e.jwt", "--key", "key.pub.pem", "-o", "e.jwt"];
    assert.match(
      (await starts(place, nowhere)).stderr,
      /^galgo: can not write e\.jwt \(EEXIST\)\n$/,
    );
    const env = { PATH: "/usr/bin:/bin" };
    const check = (words: string) =>
      spawnSync("sh", ["-c", words], { cwd: place.folder, env, encoding: "utf8" });
    const said = check(line);
    assert.equal(said.status, 0, said.stderr);
    assert.notEqual(check(line.replace(/-q [0-9a-f]+/, `-q ${"00".repeat(32)}`)).status, 0);
    const registers = readFileSync(place.path("q/pcrs.bin"));
    // the first byte of the first register
    registers[142] = (registers[142] ?? 0) ^ 1;
    writeFileSync(place.path("q/pcrs.bin"), registers);
    assert.notEqual(check(line).status, 0);

    const values = new Map(platform.pcrs.map(({ index, value }) => [index, hexToBytes(value)]));
    const bank = { hash: "sha256", values } as const;
    assert.equal(evidence.aggregate, bytesToHex(aggregateOf(bank, "sha256", crypto)));
    const { coefficients = new Uint8Array(0), start, extended } = platform;
    const list = Array.from({ length: extended }, (_, i) =>
      coefficients.subarray(DIGEST_BYTES * i, DIGEST_BYTES * (i + 1)),
    );
    assert.equal(extended, evidence.counts.points);
    assert.deepEqual(values.get(11), replayPcr("sha256", list, crypto, hexToBytes(start)));
    const model = createModel({ hasher: nodeHasher("sha256"), aggregate: evidence.aggregate });
    for (const each of list) model.load(bytesToHex(each));
    assert.deepEqual([model.state(), model.measurement()], [evidence.state, evidence.measurement]);

    writeFileSync(place.path("go"), "");
    assert.equal((await run.ended).status, 0);
    const folder = join(place.state, "app", evidence.workload.id);
    const record = readRunRecord(join(folder, "run.json"));
    assert.equal(record.aggregate, evidence.aggregate);
    assert.equal(record.outcome?.state, evidence.state);
  });

  it("gives no evidence once the TPM is gone, and the workload does not notice", async (t) => {
    const place = await placeWithKey(t);
    const run = await runs(place);
    await good(place, ["attest", "app", "--nonce", NONCE]);
    await emulator.kill();
    const { status, stdout, stderr } = await starts(place, ["attest", "app", "--nonce", NONCE]);
    assert.deepEqual([status, stdout], [125, ""]);
    assert.match(stderr, /the platform does not vouch for the run: .*TPM/);
    assert.equal(stderr.trim().split("\n").length, 1);
    writeFileSync(place.path("go"), "");
    assert.equal((await run.ended).status, 0);
  });

  it("ends a run in order while the TPM hangs", async (t) => {
    const place = await placeWithKey(t);
    const run = await runs(place);
    emulator.hang();
    const asked = starts(place, ["attest", "app", "--nonce", NONCE]);
    writeFileSync(place.path("go"), "");
    assert.equal((await run.ended).status, 0);
    assert.equal((await asked).status, 125);
  });

  it("starts nothing under a TPM that is not there", async (t) => {
    const place = await placeWithKey(t);
    const words = [
      "run",
      "--attest-key",
      "key.pem",
      "--tpm",
      "/nowhere/tpmrm0",
      "--",
      "echo",
      "no",
    ];
    const { status, stdout, stderr } = await starts(place, words);
    assert.deepEqual([status, stdout], [125, ""]);
    assert.match(stderr, /no TPM at \/nowhere\/tpmrm0/);
    const alone = await starts(place, ["run", "--tpm", "/dev/tpmrm0", "--", "true"]);
    assert.equal(alone.status, 125);
    assert.match(alone.stderr, /--tpm needs --attest-key/);
  });

  it("is known to a verifier by the maker's word and an answer that no other TPM can give", async (t) => {
    const place = await placeWithKey(t);
    const maker = new TpmMaker("rsa");
    t.after(() => maker.remove());
    const tpm = ["--tpm", shared.address];
    place.write("makers.pem", maker.authorities);
    await good(place, ["tpm", "enroll", ...tpm, "--family", "rsa", "-o", "first.json"]);
    const first = readPaper("TpmEnrollment", readFileSync(place.path("first.json"), "utf8"), "f");
    assert.equal(first.ekCertificate, undefined);
    writeFileSync(place.path("ek.der"), maker.certify(first.ekPublic));
    const given = ["--certificate", "ek.der", "-o", "keys.json"];
    await good(place, ["tpm", "enroll", ...tpm, ...given]);
    writeFileSync(place.path("other.der"), maker.certify(someEndorsement("rsa")));
    const foreign = await starts(place, ["tpm", "enroll", ...tpm, "--certificate", "other.der"]);
    assert.deepEqual([foreign.status, foreign.stdout], [125, ""]);
    assert.match(foreign.stderr, /not for an endorsement key of this TPM/);
    const challenge = ["tpm", "challenge", "keys.json", "--roots", "makers.pem"];
    await good(place, [...challenge, "--expect", "one.json", "-o", "c1.json"]);
    await good(place, ["tpm", "answer", "c1.json", ...tpm, "-o", "a1.json"]);
    const name = await good(place, ["tpm", "confirm", "a1.json", "--expect", "one.json"]);
    const shown: { attestationKey: string } = JSON.parse(
      await good(place, ["tpm", "show", ...tpm, "--json"]),
    );
    assert.equal(name.trim(), shown.attestationKey);

    await good(place, [...challenge, "--expect", "two.json", "-o", "c2.json"]);
    const old = await starts(place, ["tpm", "confirm", "a1.json", "--expect", "two.json"]);
    assert.deepEqual([old.status, old.stdout], [1, ""]);
    const cut = await starts(place, ["tpm", "confirm", "c1.json", "--expect", "two.json"]);
    assert.equal(cut.status, 2);
    const strange = ["tpm", "challenge", "first.json", "--roots", "makers.pem"];
    const nobody = await starts(place, [...strange, "--expect", "x.json"]);
    assert.equal(nobody.status, 125);
    assert.match(nobody.stderr, /no certificate of the endorsement key/);
  });
});
