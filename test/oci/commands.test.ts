// SPDX-License-Identifier: Apache-2.0
// galgo push and galgo pull: what is data, what is said, and with which status they end.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { stringifyWorkloadModel } from "../../src/model/index.ts";
import { type Outcome, Place } from "../cli/galgo.ts";
import { aModel } from "../helpers/models.ts";
import { aSigner, signedModelText } from "../helpers/signing.ts";
import { putModel, registryPlace, type RegistryPlace } from "../helpers/registry-place.ts";

function galgo(
  t: TestContext,
  { folder }: RegistryPlace,
  ...args: readonly string[]
): Promise<Outcome> {
  const env = { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: undefined };
  return new Place(t).start(args, env).ended;
}

describe("galgo push and galgo pull", () => {
  it("bring a model there and back, with the credentials of docker login", async (t) => {
    const place = await registryPlace(t);
    const { registry, host, folder, model, output } = place;
    writeFileSync(model, stringifyWorkloadModel(aModel()));
    const auth = Buffer.from("ann:word").toString("base64");
    writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
    const image = registry.putImage("1.0");
    registry.rule = ({ authorization }, response) => {
      if (authorization === `Basic ${auth}`) return false;
      response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
      return true;
    };

    const pushed = await galgo(t, place, "push", model, `${host}/app`, "--image", "1.0");
    assert.equal(pushed.status, 0, pushed.stderr);
    assert.match(pushed.stdout, /^127\.0\.0\.1:\d+\/app@sha256:[0-9a-f]{64}\n$/);
    assert.match(pushed.stderr, /model, not signed,.* bytes\n.*a tag beside the image does\n$/);

    const pulled = await galgo(t, place, "pull", `${host}/app:1.0`, "-o", output, "--json");
    assert.equal(pulled.status, 0, pulled.stderr);
    const told = JSON.parse(pulled.stdout);
    assert.equal(`${told.reference}\n`, pushed.stdout);
    assert.equal(told.model, output);
    assert.equal(told.image, image);
    assert.equal(told.signed, false);
    assert.match(pulled.stderr, /it is not signed/);
    assert.deepEqual(readFileSync(output), readFileSync(model));
  });

  it("write nothing that is not signed by whom it has to be", async (t) => {
    const place = await registryPlace(t);
    const { registry, host, folder, model, output } = place;
    const [owner, stranger] = [aSigner(), aSigner("ES256")];
    const image = registry.putImage("1.0");
    writeFileSync(join(folder, "owner.pem"), owner.publicPem);
    writeFileSync(join(folder, "stranger.pem"), stranger.publicPem);
    const policy = {
      ...{ apiVersion: "galgo.dev/v1", kind: "TrustPolicy" },
      keys: [{ name: "owner", publicKey: owner.publicPem }],
      rules: [{ models: ["*"], keys: ["owner"], subject: "required" }],
    };
    writeFileSync(join(folder, "trust.json"), JSON.stringify(policy));
    const push = async (text: string, ...to: readonly string[]): Promise<string> => {
      writeFileSync(model, text);
      const { status, stderr } = await galgo(t, place, "push", model, ...to);
      assert.equal(status, 0, stderr);
      return stderr;
    };
    const pull = (name: string, ...more: readonly string[]): Promise<Outcome> =>
      galgo(t, place, "pull", `${host}/app:${name}`, "-o", output, ...more);
    const refused = async (words: RegExp, ...asked: readonly [string, ...string[]]) => {
      const { status, stdout, stderr } = await pull(...asked);
      assert.equal(status, 125, stderr);
      assert.match(stderr, words);
      assert.equal(stdout, "");
      assert.ok(!existsSync(output));
    };
    const key = ["--key", join(folder, "owner.pem")];
    const byPolicy = ["--policy", join(folder, "trust.json")];
    await push(stringifyWorkloadModel(aModel()), `${host}/app:plain`);
    await push(signedModelText(aModel(), owner, "ab".repeat(32)), `${host}/app:v1`);
    const signed = readFileSync(model, "utf8");
    assert.match(await push(signed, `${host}/app`, "--image", "1.0"), /not signed for that image/);

    await refused(/UNSIGNED/, "plain", ...key);
    await refused(/UNKNOWN_KEY/, "v1", "--key", join(folder, "stranger.pem"));
    await refused(/do not go together/, "v1", ...key, ...byPolicy);
    // it refers to the image and was signed for another one
    await refused(/WRONG_SUBJECT/, "1.0", ...byPolicy);
    const pulled = await pull("v1", ...byPolicy, "--json");
    assert.equal(pulled.status, 0, pulled.stderr);
    assert.match(pulled.stderr, /it is signed by owner\n/);
    assert.deepEqual(JSON.parse(pulled.stdout).signedBy, [{ name: "owner", key: owner.key.id }]);
    assert.deepEqual(readFileSync(output), readFileSync(model));
    assert.match((await pull("1.0", ...key)).stderr, new RegExp(`for the image ${image}\n`));
  });

  it("refuse in one line, with status 125, and leave nothing", async (t) => {
    const place = await registryPlace(t);
    const { registry, host, model, output } = place;
    putModel(registry, Buffer.from("{}"));
    const cases: readonly [readonly string[], RegExp][] = [
      [["push", model, `${host}/app:v1`], /web\.json/],
      [["pull", `${host}/app:v1`, "-o", output], /app:v1/],
      [["pull", `${host}/app:v1`, "-o", output, "--ca", model], /no certificate/],
    ];
    for (const [args, message] of cases) {
      const { status, stdout, stderr } = await galgo(t, place, ...args);
      assert.equal(status, 125, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /^galgo: [^\n]*\n$/);
      assert.match(stderr, message);
      assert.ok(!existsSync(output));
    }
    assert.ok(registry.seen.every(({ method }) => method === "GET"));
  });
});
