// SPDX-License-Identifier: Apache-2.0
// Models to a real registry and back: TLS, a password, a wire that breaks, and content that was changed on its disk.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { rootCertificates } from "node:tls";
import {
  type AccessOptions,
  credentialsFor,
  MODEL_TYPE,
  pullModel,
  pushModel,
} from "../../src/orchestrator/oci/index.ts";
import {
  brittleWire,
  type DockerRegistry,
  noDockerRegistry,
  PASSWORD,
  startDockerRegistry,
  USER,
  type Wire,
} from "../helpers/docker-registry.ts";
import { sha256 } from "../helpers/fake-registry.ts";

const skip = noDockerRegistry();

describe("docker-registry", { ...(skip === undefined ? {} : { skip }) }, () => {
  let registry: DockerRegistry;
  before(async () => {
    registry = await startDockerRegistry();
  });
  after(() => registry.stop());

  /** A model of `size` bytes in a folder of its own. */
  function place(size = 100): { folder: string; file: string; output: string; content: Buffer } {
    const folder = mkdtempSync(join(registry.folder, "t-"));
    const file = join(folder, "web.json");
    const content = Buffer.alloc(size, `{"made for": "${folder}"} `);
    writeFileSync(file, content);
    return { folder, file, output: join(folder, "out.json"), content };
  }

  /** As one who has logged in. */
  function access(password?: string): AccessOptions {
    const credentials = credentialsFor(registry.host, registry.loggedIn(password));
    assert.ok(credentials);
    return { ca: registry.ca, credentials, retryMs: 1 };
  }

  function curl(path: string, ...options: string[]): string {
    const known = ["--cacert", registry.caFile, "-u", `${USER}:${PASSWORD}`];
    const url = `https://${registry.host}/v2/${path}`;
    return execFileSync("curl", ["-sSf", ...known, ...options, url], { encoding: "utf8" });
  }

  /** An image as other tools push it; returns its digest. */
  async function anImage(repository: string, folder: string): Promise<string> {
    const file = join(folder, "config");
    writeFileSync(file, "{}");
    // the empty configuration comes with a model
    await pushModel({ file, reference: `${registry.host}/${repository}:seed`, access: access() });
    const type = "application/vnd.oci.image.manifest.v1+json";
    const config = {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: sha256(Buffer.from("{}")),
      size: 2,
    };
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers: [] });
    writeFileSync(file, manifest);
    curl(`${repository}/manifests/1.0`, "-T", file, "-H", `content-type: ${type}`);
    return sha256(Buffer.from(manifest));
  }

  it("lets in who has logged in, and nobody else", async () => {
    const { file, output, content } = place();
    const reference = `${registry.host}/who/app:v1`;
    const { ca } = registry;
    await assert.rejects(pushModel({ file, reference, access: { ca } }), {
      code: "UNAUTHORIZED",
      message: /no credentials for it were found/,
    });
    await assert.rejects(pushModel({ file, reference, access: access("wrong") }), {
      code: "UNAUTHORIZED",
      message: /does not accept the credentials/,
    });
    const pushed = await pushModel({ file, reference, access: access() });
    await assert.rejects(pullModel({ reference, output, access: { ca } }), {
      code: "UNAUTHORIZED",
    });
    const pulled = await pullModel({ reference: pushed.reference, output, access: access() });
    assert.equal(pulled.content, sha256(content));
    assert.deepEqual(readFileSync(output), content);
  });

  it("is not believed without a certificate that is trusted, and not spoken to without TLS", async () => {
    const { file } = place();
    const { credentials } = access();
    assert.ok(credentials);
    const reference = `${registry.host}/who/app:v1`;
    await assert.rejects(pushModel({ file, reference, access: { credentials, retryMs: 1 } }), {
      code: "REFUSED",
      message: /status 400/,
    });
    const other = readFileSync(registry.caFile, "utf8").replace(
      /\n[^-]{20}/,
      "\nAAAAAAAAAAAAAAAAAAAA",
    );
    const untrusted = { credentials, ca: other, retryMs: 1 };
    await assert.rejects(pushModel({ file, reference, access: untrusted }), {
      code: "UNREACHABLE",
    });
    const [ca] = rootCertificates;
    assert.ok(ca);
    await assert.rejects(pushModel({ file, reference, access: { credentials, ca, retryMs: 1 } }), {
      code: "UNREACHABLE",
      message: /name its authority with --ca FILE$/,
    });
  });

  it("keeps an artifact of OCI 1.1 that other tools can read, found by its image", async () => {
    const { file, folder, output, content } = place();
    const image = await anImage("for/image", folder);
    const { host } = registry;
    const pushed = await pushModel({
      file,
      reference: `${host}/for/image`,
      image: "1.0",
      access: access(),
    });
    assert.deepEqual(pushed.image, { digest: image, listed: "tag" });

    const accept = ["-H", "accept: application/vnd.oci.image.manifest.v1+json"];
    const raw = curl(`for/image/manifests/${pushed.digest}`, ...accept);
    assert.equal(sha256(Buffer.from(raw)), pushed.digest);
    const manifest = JSON.parse(raw);
    assert.equal(manifest.artifactType, MODEL_TYPE);
    assert.equal(manifest.subject.digest, image);
    assert.equal(curl(`for/image/blobs/${manifest.layers[0].digest}`), content.toString());

    for (const name of [":1.0", `@${image}`, `@${pushed.digest}`]) {
      const pulled = await pullModel({
        reference: `${host}/for/image${name}`,
        output,
        access: access(),
      });
      assert.equal(pulled.image, image);
      assert.equal(pulled.content, pushed.content);
    }
  });

  async function brittle(t: TestContext, times: number, forGood = false): Promise<Wire> {
    const wire = await brittleWire(registry.port, { afterBytes: 700_000, times, forGood });
    t.after(() => wire.stop());
    return wire;
  }

  it("gets and gives large content over a wire that breaks", async (t) => {
    const { file, output, content } = place(6_000_000);
    const up = await brittle(t, 2);
    await pushModel({ file, reference: `${up.host}/large/app:v1`, access: access() });
    assert.equal(up.cuts, 2);
    const down = await brittle(t, 3);
    await pullModel({ reference: `${down.host}/large/app:v1`, output, access: access() });
    assert.equal(down.cuts, 3);
    assert.deepEqual(readFileSync(output), content);
  });

  it("goes on in the next command with what came before it went away", async (t) => {
    const { file, output, content } = place(3_000_000);
    await pushModel({ file, reference: `${registry.host}/large/later:v1`, access: access() });
    const down = await brittle(t, 1, true);
    const lost = pullModel({ reference: `${down.host}/large/later:v1`, output, access: access() });
    await assert.rejects(lost, { code: "UNREACHABLE" });
    assert.ok(!existsSync(output));
    const reference = `${registry.host}/large/later:v1`;
    const { resumedFrom } = await pullModel({ reference, output, access: access() });
    assert.ok(resumedFrom > 0 && resumedFrom < content.length, String(resumedFrom));
    assert.deepEqual(readFileSync(output), content);
  });

  it("is found out when content was changed on its disk", async () => {
    const { file, output, content } = place();
    const reference = `${registry.host}/changed/app:v1`;
    const { digest } = await pushModel({ file, reference, access: access() });
    const bad = Buffer.from(content);
    bad[50] = 0x21;
    writeFileSync(storedIn(registry, sha256(content)), bad);
    await assert.rejects(pullModel({ reference, output, access: access() }), {
      code: "BAD_DIGEST",
    });
    const manifest = storedIn(registry, digest);
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace("web.json", "wee.json"));
    const by = `${registry.host}/changed/app@${digest}`;
    await assert.rejects(pullModel({ reference: by, output, access: access() }), {
      code: "BAD_DIGEST",
    });
  });

  it("has no such thing, and says so in one line", async () => {
    const { output } = place();
    const reference = `${registry.host}/none/app:v1`;
    await assert.rejects(pullModel({ reference, output, access: access() }), {
      code: "NOT_FOUND",
      message:
        /^127\.0\.0\.1:\d+ has no manifest v1 in none\/app: "MANIFEST_UNKNOWN manifest unknown"$/,
    });
  });
});

function storedIn({ folder }: DockerRegistry, digest: string): string {
  const hex = digest.slice("sha256:".length);
  return join(folder, "data/docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data");
}
