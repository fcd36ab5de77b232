// SPDX-License-Identifier: Apache-2.0
// galgo model convert | pseudonym | measure as a user types them, and models of Quixote where they can not be run.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { anyVectors, linesOf } from "../helpers/vectors.ts";
import { Place } from "./galgo.ts";

const vector = (name: string): string => anyVectors(`quixote/${name}`).path;
const SIGNED = vector("signed-model.txt");
const STATE = "0c9795bd8514e5691470ce839caaa515794d6e805800b56e17f85c359064ac2f";
const MEASUREMENT = "ac291ee7f393a2be9d0273f95bb7af8404df23771a5ef79ce8e3c736883fec8f";
const BASH = "pseudonym 15fd0d120af29e1b9ec0c8fe73a06c7a4bf5a059437c0996e20880a9d804bd0d\n";

describe("galgo model convert", () => {
  it("makes a Galgo model of a signed text, and says what it knows of it", async (t) => {
    const place = new Place(t);
    const done = await place.galgo("model", "convert", SIGNED, "-o", "m.json", "--to", "galgo");
    assert.equal(done.status, 0, done.stderr);
    assert.equal(done.stdout, "");
    assert.match(done.stderr, /whose that is, only --key FILE can tell/);
    assert.match(done.stderr, /mapping quixote-2025; --mapping tsem-v4/);
    assert.match(done.stderr, RegExp(`6 behaviours in m\\.json, sealed, state ${STATE}`));
    const shown = await place.galgo("model", "show", "m.json");
    assert.match(shown.stdout, /learned from +not known: Galgo did not learn it/);
    const text = await place.galgo("show", SIGNED, "model");
    assert.match(text.stderr, /looks like a text model .* galgo model convert/);
    const lint = await place.galgo("model", "lint", "m.json");
    assert.match(lint.stdout, /UNKNOWN_ORIGIN/);
  });

  it("signs, and refuses another's signature", async (t) => {
    const place = new Place(t);
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    place.write("key.pem", String(pair.privateKey.export({ type: "pkcs8", format: "pem" })));
    place.write("pub.pem", String(pair.publicKey.export({ type: "spki", format: "pem" })));
    const text = vector("unsigned-model.txt");
    const options = ["-o", "s.txt", "--to", "quixote", "--sign-key", "key.pem", "--json"];
    const signed = await place.galgo("model", "convert", text, ...options);
    assert.equal(signed.status, 0, signed.stderr);
    const { signedBy } = JSON.parse(signed.stdout) as { readonly signedBy: string };
    assert.match(readFileSync(place.path("s.txt"), "utf8"), /^key .*\nsignature [^\n]*\n$/s);
    const to = ["-o", "m.json", "--to", "galgo", "--key", "pub.pem"];
    const good = await place.galgo("model", "convert", "s.txt", ...to);
    assert.equal(good.status, 0);
    assert.match(good.stderr, RegExp(`signed by the key that was asked for, ${signedBy}`));
    const bad = await place.galgo("model", "convert", SIGNED, ...to);
    assert.equal(bad.status, 125);
    assert.match(bad.stderr, /was signed with the key [0-9a-f]{64}, not with that of pub\.pem/);
  });
});

describe("galgo model pseudonym", () => {
  it("prints what generate-pseudonym prints", async (t) => {
    const { stdout, stderr } = await new Place(t).galgo("model", "pseudonym", "/usr/bin/bash");
    assert.equal(stdout, BASH);
    assert.equal(stderr, "");
  });

  it("takes records from standard input, and passes over those without a file", async (t) => {
    const shell = ["sh", "-c", `exec "$@" <'${vector("utilities-traj.txt")}'`, "sh"];
    const run = new Place(t).wrapped(shell, ["model", "pseudonym", "--trajectory", "-"]);
    const { stdout, stderr } = await run.ended;
    assert.equal(stdout, BASH + BASH);
    assert.match(stderr, /10 records of other hooks/);
  });

  it("wants to know of what", async (t) => {
    const nothing = await new Place(t).galgo("model", "pseudonym");
    assert.equal(nothing.status, 125);
    assert.match(nothing.stderr, /give the paths/);
    const half = await new Place(t).galgo("model", "pseudonym", "/x", "-m", "m.json");
    assert.match(half.stderr, /belong together/);
  });
});

describe("galgo model measure", () => {
  it("reads standard input", async (t) => {
    const place = new Place(t);
    const aggregate = "de2b9c37eb1ceefa4bcbc6d8412920693d3272f30eb5ba98d51d2f898d620289";
    const shell = ["sh", "-c", `exec "$@" <'${vector("utilities-points.txt")}'`, "sh"];
    const run = place.wrapped(shell, ["model", "measure", "-", "--aggregate", aggregate]);
    assert.equal((await run.ended).stdout, `${MEASUREMENT}\n`);
  });

  it("prints the state, or all", async (t) => {
    const place = new Place(t);
    const state = await place.galgo("model", "measure", SIGNED, "--state");
    assert.equal(state.stdout, `${STATE}\n`);
    const all = await place.galgo("model", "measure", SIGNED, "--json");
    const { form, measurement, points } = JSON.parse(all.stdout) as Record<string, unknown>;
    assert.deepEqual([form, measurement, points], ["text", MEASUREMENT, 6]);
  });
});

interface Step {
  readonly in: string;
  readonly out: { readonly coefficient?: string; readonly state?: string };
}

describe("models of Quixote", () => {
  it("are held against recorded streams", async (t) => {
    const place = new Place(t);
    const steps = linesOf(vector("scenarios/model-sealed-log-events.jsonl")).map(
      (line) => JSON.parse(line) as Step,
    );
    const inputs = steps.map((step) => step.in);
    const text = inputs.filter((line) => line.startsWith("!load ")).map((line) => line.slice(6));
    place.write("m.txt", text.map((line) => `${line}\n`).join(""));
    const stream = steps.filter((step) => step.in.startsWith("{"));
    place.write("s.jsonl", stream.map((step) => `${step.in}\n`).join(""));
    await place.galgo("model", "convert", "m.txt", "-o", "m.json", "--to", "galgo");
    const replay = ["replay", "s.jsonl", "-m", "m.json"];
    const coefficients = await place.galgo(...replay, "--coefficients");
    assert.equal(coefficients.status, 121, coefficients.stderr);
    assert.equal(
      coefficients.stdout,
      stream.map(({ out }) => `${out.coefficient ?? "-"}\n`).join(""),
    );
    const { stdout } = await place.galgo(...replay, "--state");
    assert.equal(stdout, `${steps.find(({ out }) => out.state !== undefined)?.out.state}\n`);
  });

  it("can not be learned or run where the sensor sees what they have no place for", async (t) => {
    const place = new Place(t);
    const learn = await place.galgo("learn", "--mapping", "quixote-2025", "--", "true");
    assert.equal(learn.status, 125);
    assert.match(
      learn.stderr,
      /no place for what the sensor seccomp sees \(file_mprotect, .*--mapping tsem-v4/,
    );
    await place.galgo("model", "convert", SIGNED, "-o", "m.json", "--to", "galgo");
    for (const mode of ["--enforce", "--detect"]) {
      const run = await place.galgo("run", "-m", "m.json", mode, "--", "true");
      assert.equal(run.status, 125);
      assert.match(run.stderr, /the mapping quixote-2025 has no place/);
    }
    assert.deepEqual(place.files(), ["m.json"]);
  });

  it("go with no rules", async (t) => {
    const place = new Place(t);
    const options = ["--mapping", "quixote-2025", "--profile", "portable"];
    const { status, stderr } = await place.galgo(
      "replay",
      vector("utilities-traj.txt"),
      ...options,
    );
    assert.equal(status, 125);
    assert.match(stderr, /--profile portable leaves out what --mapping quixote-2025 hashes/);
  });

  it("of unknown origin are run only when that is accepted", async (t) => {
    const place = new Place(t);
    const to = ["-o", "m.json", "--to", "galgo", "--mapping", "tsem-v4"];
    await place.galgo("model", "convert", SIGNED, ...to);
    const run = await place.galgo("run", "-m", "m.json", "--enforce", "--", "true");
    assert.equal(run.status, 125);
    assert.match(run.stderr, /not learned by Galgo.*--allow-weaker/);
    const options = ["--enforce", "--allow-weaker", "--", "true"];
    const accepted = await place.galgo("run", "-m", "m.json", ...options);
    assert.equal(accepted.status, 121, accepted.stderr);
  });
});
