// SPDX-License-Identifier: Apache-2.0
// Credentials from the files of docker and podman, and from their helpers.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { credentialFiles, credentialsFor } from "./credentials.ts";

const basic = (text: string) => Buffer.from(text).toString("base64");

/** An environment whose docker configuration is `config`. */
function place(t: TestContext, config: unknown): { env: Record<string, string>; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), "galgo-oci-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const content = typeof config === "string" ? config : JSON.stringify(config);
  writeFileSync(join(folder, "config.json"), content);
  return { env: { DOCKER_CONFIG: folder, PATH: `${folder}:/usr/bin:/bin` }, folder };
}

describe("credentials", () => {
  it("are those of exactly this registry", (t) => {
    const { env } = place(t, {
      auths: {
        "a.example:5000": { auth: basic("ann:pass:word") },
        "https://b.example": { username: "bob", password: "" },
        "c.example": { identitytoken: "idt" },
        "d.example": { registrytoken: "rt", auth: basic("x:y") },
        "e.example": {},
      },
    });
    const cases: readonly [string, unknown][] = [
      ["a.example:5000", { kind: "password", user: "ann", password: "pass:word" }],
      ["b.example", { kind: "password", user: "bob", password: "" }],
      ["c.example", { kind: "identity", token: "idt" }],
      ["d.example", { kind: "bearer", token: "rt" }],
      ["a.example", undefined],
      ["e.example", undefined],
      ["xa.example:5000", undefined],
      ["__proto__", undefined],
    ];
    for (const [registry, expected] of cases)
      assert.deepEqual(credentialsFor(registry, env), expected, registry);
  });

  it("come from the first file that has some", (t) => {
    const { env, folder } = place(t, { auths: { "a.example": { auth: basic("docker:x") } } });
    mkdirSync(join(folder, "containers"));
    const auths = {
      "a.example": { auth: basic("podman:x") },
      "b.example": { auth: basic("only:x") },
    };
    writeFileSync(join(folder, "containers", "auth.json"), JSON.stringify({ auths }));
    const both = { ...env, XDG_RUNTIME_DIR: folder };
    assert.deepEqual(credentialsFor("a.example", both), {
      kind: "password",
      user: "docker",
      password: "x",
    });
    assert.deepEqual(credentialsFor("b.example", both), {
      kind: "password",
      user: "only",
      password: "x",
    });
    assert.equal(credentialsFor("a.example", {}), undefined);
  });

  it("are looked for where docker and podman keep them", () => {
    assert.deepEqual(credentialFiles({ HOME: "/h", XDG_RUNTIME_DIR: "/r" }, 7), [
      "/h/.docker/config.json",
      "/r/containers/auth.json",
      "/h/.config/containers/auth.json",
    ]);
    const env = { REGISTRY_AUTH_FILE: "/a", DOCKER_CONFIG: "/d", XDG_CONFIG_HOME: "/c" };
    const set = { ...env, XDG_RUNTIME_DIR: "/r" };
    assert.deepEqual(credentialFiles(set, 7), [
      "/a",
      "/d/config.json",
      "/r/containers/auth.json",
      "/c/containers/auth.json",
    ]);
    assert.deepEqual(credentialFiles({ DOCKER_CONFIG: "", XDG_RUNTIME_DIR: "/r", HOME: "" }, 7), [
      "/r/containers/auth.json",
    ]);
  });

  it("come from helpers, and a helper that knows none is no error", (t) => {
    const { env, folder } = place(t, {
      credHelpers: { "a.example": "made", "t.example": "made", "bad.example": "broken" },
      credsStore: "made",
    });
    const script = `#!/bin/sh
read -r host || :
case "$host" in
  a.example) echo '{"ServerURL":"","Username":"ann","Secret":"s3"}';;
  t.example) echo '{"Username":"<token>","Secret":"idt"}';;
  *) echo 'credentials not found in native keychain'; exit 1;;
esac
`;
    const helper = join(folder, "docker-credential-made");
    writeFileSync(helper, script);
    chmodSync(helper, 0o755);
    assert.deepEqual(credentialsFor("a.example", env), {
      kind: "password",
      user: "ann",
      password: "s3",
    });
    assert.deepEqual(credentialsFor("t.example", env), { kind: "identity", token: "idt" });
    assert.equal(credentialsFor("other.example", env), undefined);
    assert.throws(() => credentialsFor("bad.example", env), {
      code: "BAD_CREDENTIALS",
      message: /docker-credential-broken, which failed \(ENOENT\)/,
    });
  });

  it("that can not be read name the file and never what is in it", (t) => {
    const secret = "hunter2";
    const cases: readonly [unknown, RegExp][] = [
      [`{"auths": "${secret}`, /is not JSON/],
      [{ auths: { "a.example": { auth: 7, password: secret } } }, /at auths\.a\.example\.auth/],
      [{ auths: { "a.example": { auth: basic(secret) } } }, /USER:PASSWORD/],
      [{ credHelpers: { "a.example": "../../x" } }, /can not be one/],
      [`"${"x".repeat(1024 * 1024)}"`, /larger than/],
    ];
    for (const [config, message] of cases) {
      const { env } = place(t, config);
      assert.throws(
        () => credentialsFor("a.example", env),
        (error: Error & { code: string }) => {
          assert.equal(error.code, "BAD_CREDENTIALS");
          assert.match(error.message, message);
          assert.match(error.message, /config\.json/);
          assert.ok(!error.message.includes(secret));
          return true;
        },
      );
    }
  });
});
