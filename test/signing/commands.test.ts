// SPDX-License-Identifier: Apache-2.0
// galgo key, sign and verify, and galgo run that demands a signature: as a user types them, with the status that each ends with.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { Place, type Outcome } from "../cli/galgo.ts";

const place = new Place();
const galgo = (...args: readonly string[]): Promise<Outcome> => place.galgo(...args);

async function ok(...args: readonly string[]): Promise<Outcome> {
  const outcome = await galgo(...args);
  assert.equal(outcome.status, 0, `${args.join(" ")}: ${outcome.stderr}${outcome.stdout}`);
  return outcome;
}

/** One line of Galgo's on stderr, nothing on stdout. */
function failed({ status, stdout, stderr }: Outcome, wanted: number, words: RegExp): void {
  assert.equal(status, wanted, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, words);
  assert.equal(stderr.split("\n").length, 2, stderr);
}

const COMMAND = ["--", "/bin/sh", "-c", "echo ran"];

before(async () => {
  await ok("learn", "-o", "app.galgo.json", "--name", "app", ...COMMAND);
  await ok("key", "new", "-o", "release.pem");
  await ok("key", "new", "-o", "other.pem", "--type", "p256");
  const program = ["--program", "/bin/sh"];
  await ok(
    "sign",
    "--key",
    "release.pem",
    "-o",
    "app.galgo.dsse.json",
    ...program,
    "app.galgo.json",
  );
  place.write("changed.json", damaged(readFileSync(place.path("app.galgo.dsse.json"), "utf8")));
});
after(() => place.remove());

/** The same signature over another payload: one digit of the state is another. */
function damaged(text: string): string {
  const envelope = JSON.parse(text) as { payload: string };
  const payload = Buffer.from(envelope.payload, "base64").toString();
  const other = payload.replace(/"state":"(.)/, (_, digit) => `"state":"${digit === "0" ? 1 : 0}`);
  assert.notEqual(other, payload);
  return JSON.stringify({ ...envelope, payload: Buffer.from(other).toString("base64") });
}

function policy(name: string, changes: Readonly<Record<string, unknown>>, more = {}): string {
  const publicKey = readFileSync(place.path("release.pub.pem"), "utf8");
  return place.write(
    name,
    JSON.stringify({
      apiVersion: "galgo.dev/v1",
      kind: "TrustPolicy",
      keys: [{ name: "release", publicKey, ...changes }],
      rules: [{ models: ["app"], keys: ["release"], subject: "required" }],
      ...more,
    }),
  );
}

describe("galgo key", () => {
  it("makes a key that only its owner reads, replaces none, and shows its id", async () => {
    assert.equal(statSync(place.path("release.pem")).mode & 0o777, 0o600);
    const { stdout: id } = await ok("key", "show", "release.pem");
    assert.match(id, /^[0-9a-f]{64}\n$/);
    assert.equal((await ok("key", "show", "release.pub.pem")).stdout, id);
    const pem = (await ok("key", "show", "--pem", "release.pem")).stdout;
    assert.equal(pem, readFileSync(place.path("release.pub.pem"), "utf8"));
    const before = readFileSync(place.path("release.pem"), "utf8");
    failed(await galgo("key", "new", "-o", "release.pem"), 125, /no key is replaced/);
    assert.equal(readFileSync(place.path("release.pem"), "utf8"), before);
  });

  it("writes a policy once: what was revoked in it must not be forgotten", async () => {
    const args = ["key", "policy", "release.pub.pem", "-o", "trust.json"];
    await ok(...args);
    failed(await galgo(...args), 125, /is there already, and what was revoked in it/);
  });
});

describe("galgo verify", () => {
  it("says 0 and what was checked, and what was not", async () => {
    const { stdout } = await ok("verify", "--key", "release.pub.pem", "app.galgo.dsse.json");
    assert.match(stdout, /^verified: app\.galgo\.dsse\.json \(DSSE envelope\)\n {2}model +app\n/);
    assert.match(stdout, /\n {2}checked: .*\n {2}not checked: /);
    const told = await ok(
      "verify",
      "--policy",
      policy("p.json", {}),
      "--subject",
      shDigest(),
      "--json",
      "app.galgo.dsse.json",
    );
    const verdict = JSON.parse(told.stdout);
    assert.deepEqual(
      [verdict.verified, verdict.form, verdict.signedBy[0].name],
      [true, "dsse", "release"],
    );
  });

  it("says 1 and why of what is bad or not trusted, and prints nothing of the model", async () => {
    const { status, stdout } = await galgo(
      "verify",
      "--json",
      "--key",
      "release.pub.pem",
      "changed.json",
    );
    const verdict = JSON.parse(stdout);
    assert.equal(status, 1);
    assert.deepEqual([verdict.verified, verdict.refusals[0].code], [false, "BAD_SIGNATURE"]);
    assert.equal(verdict.model, undefined);
    const other = await galgo("verify", "--key", "other.pub.pem", "app.galgo.dsse.json");
    assert.equal(other.status, 1);
    assert.match(other.stdout, /^not verified: .*\n {2}UNKNOWN_KEY: /);
  });

  it("says 2 when it can not tell", async () => {
    const signed = "app.galgo.dsse.json";
    const cases: readonly (readonly [RegExp, readonly string[]])[] = [
      [/whose signature counts has to be said/, [signed]],
      [/ENOENT/, ["--key", "none.pem", signed]],
      [/ENOENT/, ["--key", "release.pub.pem", "none.json"]],
      [/--digest is for text models/, ["--digest", "sha512", "--key", "release.pub.pem", signed]],
      [/--subject takes/, ["--subject", "x", "--key", "release.pub.pem", signed]],
    ];
    for (const [words, args] of cases) failed(await galgo("verify", ...args), 2, words);
  });

  it("verifies text models of Quixote by an RSA key", async () => {
    const pair = generateKeyPairSync("rsa", { modulusLength: 3_072 });
    place.write("rsa.pem", String(pair.privateKey.export({ type: "pkcs8", format: "pem" })), 0o600);
    place.write("rsa.pub.pem", String(pair.publicKey.export({ type: "spki", format: "pem" })));
    const signing = ["--to", "quixote", "--sign-key", "rsa.pem", "--allow-loss"];
    await ok("model", "convert", "app.galgo.json", "-o", "app.txt", ...signing);
    assert.match((await ok("key", "show", "rsa.pub.pem")).stdout, /^[0-9a-f]{64}\n$/);
    const { stdout } = await ok("verify", "--key", "rsa.pub.pem", "app.txt");
    assert.match(stdout, /^verified: app\.txt \(text model of Quixote\)/);
  });
});

function shDigest(): string {
  const { payload } = JSON.parse(readFileSync(place.path("app.galgo.dsse.json"), "utf8"));
  const statement = JSON.parse(Buffer.from(payload, "base64").toString());
  return `sha256:${statement.subject[0].digest.sha256}`;
}

describe("galgo run --require-signature", () => {
  const enforce = ["--enforce", "--require-signature"];

  it("runs what is signed, and says in the run by whom", async () => {
    const signed = ["-m", "app.galgo.dsse.json", ...enforce];
    const { stdout } = await ok("run", ...signed, "--policy", policy("run.json", {}), ...COMMAND);
    assert.equal(stdout, "ran\n");
    const run = JSON.parse((await ok("show", "app", "run", "--json")).stdout);
    const key = (await ok("key", "show", "release.pem")).stdout.trim();
    assert.deepEqual(run.modelSignedBy, [{ name: "release", key }]);
    assert.match(
      (await ok("show", "app", "run")).stdout,
      RegExp(`\nsigned by +release, key ${key}\n`),
    );
    await ok("report", "app", "-o", "page.html");
    assert.ok(readFileSync(place.path("page.html"), "utf8").includes(key));
  });

  it("starts nothing that is not: status 125 and the reason", async () => {
    const key = ["--key", "release.pub.pem"];
    const other = policy("other.json", {});
    const cases: readonly (readonly [RegExp, readonly string[]])[] = [
      [/UNSIGNED/, ["-m", "app.galgo.json", ...enforce, ...key]],
      [/UNSIGNED/, ["-m", "app.galgo.json", "--enforce", ...key]],
      [/BAD_SIGNATURE/, ["-m", "changed.json", ...enforce, ...key]],
      [/whose signature counts/, ["-m", "app.galgo.dsse.json", ...enforce]],
      [/there is none: -m FILE/, [...key]],
    ];
    for (const [words, args] of cases) failed(await galgo("run", ...args, ...COMMAND), 125, words);
    const signed = ["-m", "app.galgo.dsse.json", "--enforce", "--policy", other];
    failed(await galgo("run", ...signed, "--", "/bin/true"), 125, /WRONG_SUBJECT/);
  });

  it("says that nobody has asked, where a signed model is run without", async () => {
    const { stderr } = await ok("run", "-m", "app.galgo.dsse.json", "--enforce", ...COMMAND);
    assert.match(stderr, /nobody has asked by whom: its signature was not checked/);
    const run = JSON.parse((await ok("show", "app", "run", "--json")).stdout);
    assert.equal(run.modelSignedBy, undefined);
  });
});

describe("commands that read a model", () => {
  const signed = "app.galgo.dsse.json";

  it("read a signed one", async () => {
    const state = JSON.parse((await ok("model", "show", "app.galgo.json", "--json")).stdout).spec
      .state;
    assert.equal((await ok("show", `./${signed}`, "state")).stdout.trim(), state);
    assert.match((await ok("model", "show", signed)).stdout, /\nsigned +yes; nobody has checked/);
    await ok("model", "diff", "app.galgo.json", signed);
    await ok("model", "export", signed, "--to", "landlock", "-o", "rules.json");
    await ok("report", `./${signed}`, "-o", "model.html");
  });

  it("never put an unsigned one in its place", async () => {
    const before = readFileSync(place.path(signed), "utf8");
    for (const args of [
      ["model", "seal", signed],
      ["learn", "-o", signed, ...COMMAND],
    ]) {
      failed(await galgo(...args), 125, /is signed, and what would replace it is not/);
    }
    assert.equal(readFileSync(place.path(signed), "utf8"), before);
  });
});
