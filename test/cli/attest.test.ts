// SPDX-License-Identifier: Apache-2.0
// galgo attest, as a user types it, on a run that is alone: what it says is what the run leaves behind.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { type Evidence, openEatCwt, openEatJwt } from "../../src/attest/evidence/index.ts";
import { readRunRecord } from "../../src/orchestrator/inspect/index.ts";
import { nodeTokenKeys, readTokenKey } from "../../src/quote/token-signer.ts";
import { Place, type RunningGalgo } from "./galgo.ts";

const NONCE = "00112233445566778899aabbccddeeff";

/** A place with a key, and no daemon. */
function placeWithKey(t: TestContext): Place {
  const place = new Place(t);
  const { privateKey } = generateKeyPairSync("ed25519");
  place.write("key.pem", String(privateKey.export({ type: "pkcs8", format: "pem" })), 0o600);
  return place;
}

/** Does what it does, then waits for a file. */
function starts(place: Place, words: readonly string[], script: string): RunningGalgo {
  const wait = `${script}; echo ready; while [ ! -e ${place.path("go")} ]; do sleep 0.05; done`;
  return place.start(["run", "--attest-key", "key.pem", ...words, "--", "sh", "-c", wait], {
    GALGO_RUN_DIR: place.path("nobody"),
  });
}

function attests(place: Place, ...words: readonly string[]): ReturnType<Place["galgo"]> {
  return place.start(["attest", ...words], { GALGO_RUN_DIR: place.path("nobody") }).ended;
}

async function jwtOf(place: Place, text: string): Promise<Evidence> {
  const keys = nodeTokenKeys([readTokenKey(place.path("key.pem"))]);
  return (await openEatJwt(text.trim(), keys)).evidence;
}

async function evidenceOf(place: Place, name: string): Promise<Evidence> {
  const { status, stdout, stderr } = await attests(place, name, "--nonce", NONCE);
  assert.equal(status, 0, stderr);
  return jwtOf(place, stdout);
}

describe("galgo attest", () => {
  it("says of a run what the run says of itself at its end", async (t) => {
    const place = placeWithKey(t);
    const script = "cat /etc/hostname >/dev/null";
    const learned = starts(place, ["--name", "free"], script);
    await learned.says(/ready/);
    const free = await evidenceOf(place, "free");
    assert.deepEqual([free.nonce, free.mode, free.sealed], [NONCE, "free", false]);
    assert.deepEqual(free.platform.kind, "none");

    // the other form, and into files
    const cwt = await attests(place, "free", "--nonce", NONCE, "--cwt", "-o", "e.cwt");
    assert.equal(cwt.status, 0, cwt.stderr);
    const keys = nodeTokenKeys([readTokenKey(place.path("key.pem"))]);
    const small = await openEatCwt(readFileSync(place.path("e.cwt")), keys);
    assert.equal(small.evidence.workload.id, free.workload.id);
    const json = await attests(place, free.workload.id, "--nonce", NONCE, "--json");
    const { evidence, id } = JSON.parse(json.stdout) as { evidence: string; id: string };
    assert.equal(id, free.workload.id);
    assert.equal((await jwtOf(place, evidence)).workload.id, id);

    writeFileSync(place.path("go"), "");
    assert.equal((await learned.ended).status, 0);
    const folder = join(place.state, "free", id);
    assert.equal(existsSync(join(folder, "attest.sock")), false);
    const { outcome } = readRunRecord(join(folder, "run.json"));
    const last = [outcome?.state, outcome?.measurement, outcome?.counts.points];
    // the loop of the script was known
    assert.deepEqual([free.state, free.measurement, free.counts.points], last);
    assert.deepEqual(free.fidelity, outcome?.fidelity);
  });

  it("names the model and its state, and what is outside of it", async (t) => {
    const place = placeWithKey(t);
    const go = place.path("go");
    const loop = `while [ ! -e ${go} ]; do sleep 0.05; done`;
    const script = `echo ready; ${loop}; cat "$0" >/dev/null; echo did; while [ ! -e ${go}2 ]; do sleep 0.05; done`;
    const command = ["--", "sh", "-c", script];
    // learns the loops too: they end when both files are there
    writeFileSync(place.path("seen"), "");
    const learn = place.start([
      "learn",
      "-o",
      "m.galgo.json",
      "--name",
      "web",
      ...command,
      place.path("seen"),
    ]);
    await learn.says(/ready/);
    writeFileSync(go, "");
    await learn.says(/did/);
    writeFileSync(`${go}2`, "");
    assert.equal((await learn.ended).status, 0);
    const model = JSON.parse(readFileSync(place.path("m.galgo.json"), "utf8")) as {
      spec: { state: string };
    };

    for (const name of [go, `${go}2`]) rmSync(name);
    const words = [
      "run",
      "--attest-key",
      "key.pem",
      "-m",
      "m.galgo.json",
      "--enforce",
      ...command,
      "/etc/hostname",
    ];
    const run = place.start(words, { GALGO_RUN_DIR: place.path("nobody") });
    await run.says(/ready/);
    const before = await evidenceOf(place, "web");
    assert.deepEqual([before.mode, before.sealed, before.counts.violations], ["enforce", true, 0]);
    assert.equal(before.state, model.spec.state);
    assert.equal(before.model?.name, "web");
    writeFileSync(go, "");
    await run.says(/did/);
    const after = await evidenceOf(place, "web");
    assert.ok(after.counts.violations > 0);
    assert.notEqual(after.state, model.spec.state);
    assert.equal(after.model?.digest, before.model?.digest);
    writeFileSync(`${go}2`, "");
    assert.equal((await run.ended).status, 121);
    const { outcome, modelDigest } = readRunRecord(
      join(place.state, "web", after.workload.id, "run.json"),
    );
    assert.deepEqual([after.state, after.model?.digest], [outcome?.state, modelDigest]);
  });

  it("is written when a run has ended: one state where it was recorded and where it was enforced", async (t) => {
    const place = placeWithKey(t);
    const learned = await place.galgo("learn", "-o", "m.galgo.json", "--", "cat", "/etc/hostname");
    assert.equal(learned.status, 0, learned.stderr);
    const run = async (file: string, ...words: readonly string[]): Promise<Evidence> => {
      const evidence = ["--attest-key", "key.pem", "--evidence", file, "--nonce", NONCE];
      const { status, stderr } = await place.galgo("run", ...evidence, ...words);
      assert.equal(status, file === "bad" ? 121 : 0, stderr);
      return jwtOf(place, readFileSync(place.path(file), "utf8"));
    };
    const recorded = await run("ci", "--name", "ci", "--", "cat", "/etc/hostname");
    const use = ["-m", "m.galgo.json", "--enforce", "--", "cat", "/etc/hostname"];
    const enforced = await run("good", ...use);
    assert.deepEqual([recorded.mode, enforced.mode], ["free", "enforce"]);
    assert.equal(recorded.state, enforced.state);
    assert.equal(recorded.counts.violations + enforced.counts.violations, 0);
    // as long as there is none of this run, there is none
    place.write("old", "an old token");
    await run("old", "--", "sh", "-c", "test ! -s old");
    const injected = await run("bad", ...use, "/etc/passwd");
    assert.ok(injected.counts.violations > 0);
    assert.notEqual(injected.state, enforced.state);
    const half = await place.galgo("run", "--evidence", "e", "--nonce", NONCE, "--", "true");
    assert.equal(half.status, 125);
    assert.match(half.stderr, /--evidence, --nonce and --attest-key go together/);
    const nowhere = ["--attest-key", "key.pem", "--evidence", "no/such", "--nonce", NONCE];
    const unwritten = await place.galgo("run", ...nowhere, "--", "touch", "ran");
    // found out before anything has run
    assert.deepEqual([unwritten.status, existsSync(place.path("ran"))], [125, false]);
    assert.match(unwritten.stderr, /can not write no\/such \(ENOENT\)/);
  });

  it("is refused in one line where there is nothing to say", async (t) => {
    const place = placeWithKey(t);
    const refusal = async (words: readonly string[], pattern: RegExp): Promise<void> => {
      const { status, stderr, stdout } = await attests(place, ...words);
      assert.deepEqual([status, stdout], [125, ""]);
      assert.match(stderr, pattern);
      assert.equal(stderr.trim().split("\n").length, 1);
    };
    await refusal(["web", "--nonce", "0011"], /8 to 64 bytes/);
    await refusal(["web"], /--nonce/);
    await refusal(["web", "--nonce", NONCE], /no workload web runs/);
    chmodSync(place.path("key.pem"), 0o644);
    const open = await place.galgo("run", "--attest-key", "key.pem", "--", "true");
    assert.equal(open.status, 125);
    assert.match(open.stderr, /open to others.*chmod 600/);
    const none = await place.galgo("run", "--attest-key", "nothing.pem", "--", "true");
    assert.deepEqual([none.status, existsSync(place.state)], [125, false]);
    assert.match(none.stderr, /nothing\.pem can not be read \(ENOENT\)/);
    const sleeping = place.start([
      "run",
      "--name",
      "mute",
      "--",
      "sh",
      "-c",
      "echo ready; sleep 1000",
    ]);
    await sleeping.says(/ready/);
    await refusal(
      ["mute", "--nonce", NONCE],
      /gives no evidence: start it with galgo run --attest-key/,
    );
    sleeping.process.kill("SIGKILL");
    await sleeping.ended;
  });
});
