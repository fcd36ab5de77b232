// SPDX-License-Identifier: Apache-2.0
// A daemon that demands signatures of the models it is given, as its users meet it: galgo run, attach, doctor, a reload, a mistake in the
// configuration.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Outcome, Place, type RunningGalgo } from "../cli/galgo.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { DaemonClient } from "../../src/daemon/client/index.ts";
import { ClientDaemon } from "../helpers/client-daemon.ts";

const hasNative = buildLaunchers();
const COMMAND = ["cat", "/etc/hostname"];

describe("a daemon that demands signatures", {
  skip: hasNative ? false : "there is no C compiler",
  timeout: 60_000,
}, () => {
  const place = new Place();
  const daemon = new ClientDaemon();
  const config = place.path("daemon.toml");
  const policy = place.path("trust.json");
  let server: RunningGalgo;
  let keyId = "";

  before(async () => {
    for (const key of ["owner", "stranger"]) await good("key", "new", "-o", `${key}.pem`);
    keyId = JSON.parse(await good("key", "show", "owner.pub.pem", "--json")).id;
    await good("learn", "-o", "cat.galgo.json", "--", ...COMMAND);
    const subject = ["--program", "/bin/cat"];
    for (const key of ["owner", "stranger"]) {
      const out = `${key}.galgo.dsse.json`;
      await good("sign", "--key", `${key}.pem`, ...subject, "-o", out, "cat.galgo.json");
    }
    await good(
      "sign",
      "--key",
      "owner.pem",
      "--program",
      "/bin/ls",
      "-o",
      "ls.galgo.dsse.json",
      "cat.galgo.json",
    );
    writePolicy({});
    demand(`key = ["${place.path("owner.pub.pem")}"]`);
    server = await daemon.start(config);
  });
  after(async () => {
    await daemon.remove();
    place.remove();
  });

  async function good(...args: readonly string[]): Promise<string> {
    const outcome = await place.galgo(...args);
    assert.equal(outcome.status, 0, outcome.stderr);
    return outcome.stdout;
  }

  function demand(line: string): void {
    writeFileSync(
      config,
      `[daemon]\nstop-seconds = 30\n[models]\nrequire-signature = true\n${line}\n`,
    );
  }

  function writePolicy(changes: object): void {
    const publicKey = readFileSync(place.path("owner.pub.pem"), "utf8");
    const text = {
      apiVersion: "galgo.dev/v1",
      kind: "TrustPolicy",
      keys: [{ name: "release", publicKey }],
      rules: [{ models: ["cat"], keys: ["release"], subject: "required" }],
      ...changes,
    };
    writeFileSync(policy, JSON.stringify(text));
  }

  /** By the daemon; never alone. */
  function served(...args: readonly string[]): Pick<Outcome, "status" | "stdout" | "stderr"> {
    const [command = "", ...words] = [...daemon.galgo, "run", ...args, "--", ...COMMAND];
    const { status, stdout, stderr } = spawnSync(command, words, {
      cwd: place.folder,
      env: { ...process.env, GALGO_STATE_DIR: place.state, NO_COLOR: "1" },
      timeout: 30_000,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }

  function refused(model: string, words: RegExp): void {
    const { status, stdout, stderr } = served("-m", model, "--enforce");
    assert.equal(status, 125, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, words);
    assert.match(stderr, /^galgo: [^\n]*\n$/);
  }

  const client = (): DaemonClient => new DaemonClient(join(daemon.run, "api.sock"));

  it("runs a model with a good signature, and keeps whose it was", () => {
    const { status, stdout, stderr } = served("-m", "owner.galgo.dsse.json", "--enforce", "--json");
    assert.equal(status, 0, stderr);
    assert.equal(stdout, readFileSync("/etc/hostname", "utf8"));
    const record = JSON.parse(stderr.trim().split("\n").at(-1) ?? "");
    assert.deepEqual(record.modelSignedBy, [{ name: keyId, key: keyId }]);
  });

  it("refuses a model without one, of somebody else, or changed, before a line of it counts", () => {
    refused("cat.galgo.json", /UNSIGNED: .*galgo sign/);
    refused("stranger.galgo.dsse.json", /UNKNOWN_KEY/);
    const text = readFileSync(place.path("owner.galgo.dsse.json"), "utf8");
    place.write(
      "changed.galgo.dsse.json",
      text.replace(
        /"sig":\s*"./,
        (found) => `${found.slice(0, -1)}${found.endsWith("A") ? "B" : "A"}`,
      ),
    );
    refused("changed.galgo.dsse.json", /BAD_SIGNATURE/);
  });

  it("records what has no model", () => {
    assert.equal(served().status, 0);
  });

  it("refuses to attach under a model that is not signed", async () => {
    const order = {
      pid: process.pid,
      modelFile: place.path("cat.galgo.json"),
      mode: "enforce",
    } as const;
    await assert.rejects(client().attach(order), /UNSIGNED/);
  });

  it("is told of by galgo doctor and galgo daemon --check", async () => {
    const doctor = place.start(["doctor"], { GALGO_RUN_DIR: daemon.run });
    assert.match(
      (await doctor.ended).stdout,
      /daemon .*models have to be signed there, as .*owner\.pub\.pem/,
    );
    const checked = await place.galgo("daemon", "--check", "--config", config);
    assert.match(checked.stderr, /models have to be signed, as the key .*owner\.pub\.pem/);
  });

  it("asks its policy for the model, the program and the day, from the next reload on", async () => {
    demand(`policy = "${policy}"`);
    await client().reload();
    assert.match((await client().health()).modelsSignedFor ?? "", /the policy .*trust\.json/);
    assert.equal(served("-m", "owner.galgo.dsse.json", "--enforce").status, 0);
    refused("ls.galgo.dsse.json", /WRONG_SUBJECT/);
    const key = { name: "release", publicKey: readFileSync(place.path("owner.pub.pem"), "utf8") };
    for (const [changes, words] of [
      [{ rules: [{ models: ["other"], keys: ["release"] }] }, /NO_RULE/],
      [{ keys: [{ ...key, notAfter: "2020-01-01T00:00:00Z" }] }, /KEY_EXPIRED/],
      [{ revoked: { keys: [{ id: keyId, why: "lost" }] } }, /KEY_REVOKED: .*lost/],
    ] as const) {
      writePolicy(changes);
      await client().reload();
      refused("owner.galgo.dsse.json", words);
    }
  });

  it("goes on with the old demand when the new one can not be read", async () => {
    writePolicy({});
    await client().reload();
    writeFileSync(policy, "{");
    const problem = /daemon\.toml.* \[models\]: .*trust\.json/;
    await assert.rejects(client().reload(), problem);
    server.process.kill("SIGHUP");
    await server.says(problem);
    assert.equal(served("-m", "owner.galgo.dsse.json", "--enforce").status, 0);
    refused("cat.galgo.json", /UNSIGNED/);
  });

  it("does not start with keys that it can not read", async () => {
    demand(`key = ["${place.path("nobody.pem")}"]`);
    for (const words of [["daemon", "--check"], ["daemon"]]) {
      const outcome = await place.galgo(...words, "--config", config);
      assert.equal(outcome.status, 125);
      assert.match(
        outcome.stderr,
        /^galgo: .*daemon\.toml.* \[models\]: .*nobody\.pem.*ENOENT[^\n]*\n$/,
      );
    }
  });
});
