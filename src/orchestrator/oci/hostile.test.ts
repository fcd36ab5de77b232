// SPDX-License-Identifier: Apache-2.0
// Registries that lie: each lie has its own refusal, and nothing is left under the name of the output.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type Rule, sha256 } from "../../../test/helpers/fake-registry.ts";
import { putModel, registryPlace, SOON } from "../../../test/helpers/registry-place.ts";
import { partialFile } from "./download.ts";
import { MAX_MANIFEST_BYTES, MAX_TRIES } from "./limits.ts";
import { ENVELOPE_TYPE, MODEL_TYPE } from "./manifest.ts";
import { pullModel } from "./pull.ts";
import { fallbackTag } from "./referrers.ts";

const CONTENT: Buffer = Buffer.from('{"points":["00","01","02"]}\n');
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const onBlobs =
  (answer: (...got: Parameters<Rule>) => void): Rule =>
  (...got) => {
    if (!got[0].path.includes("/blobs/")) return false;
    answer(...got);
    return true;
  };
const onManifests =
  (answer: (...got: Parameters<Rule>) => void): Rule =>
  (...got) => {
    if (!got[0].path.includes("/manifests/")) return false;
    answer(...got);
    return true;
  };

interface Lie {
  readonly what: string;
  readonly rule: Rule;
  readonly code: string;
  readonly message: RegExp;
  readonly by?: "digest";
}

const LIES: readonly Lie[] = [
  {
    what: "other content of the same length",
    rule: onBlobs((_, response) => response.end(Buffer.alloc(CONTENT.length, "x"))),
    code: "BAD_DIGEST",
    message: /gives other content/,
  },
  {
    what: "content without an end",
    rule: onBlobs((_, response) => {
      const more = () => {
        if (!response.destroyed) response.write(Buffer.alloc(65_536), () => setImmediate(more));
      };
      more();
    }),
    code: "BAD_DIGEST",
    message: /gives more for sha256:[0-9a-f]{64} than its 28 bytes/,
  },
  {
    what: "content that is always cut, politely",
    rule: onBlobs((_, response) => response.end(CONTENT.subarray(0, 5))),
    code: "UNREACHABLE",
    message: /at byte 5 of 28/,
  },
  {
    what: "another part than was asked for",
    rule: onBlobs(({ range }, response) => {
      if (range === undefined) response.end(CONTENT.subarray(0, 5));
      else response.writeHead(206, { "content-range": "bytes 9-27/28" }).end(CONTENT.subarray(9));
    }),
    code: "BAD_ANSWER",
    message: /another part/,
  },
  {
    what: "a manifest that is too long, said beforehand",
    rule: onManifests((_, response) => {
      response.writeHead(200, { "content-length": MAX_MANIFEST_BYTES + 1 });
      response.write("{");
    }),
    code: "TOO_LARGE",
    message: /manifest v1 in app from .* is larger than 4194304 bytes/,
  },
  {
    what: "a manifest without an end",
    rule: onManifests((_, response) => {
      const more = () => {
        if (!response.destroyed)
          response.write(Buffer.alloc(262_144, " "), () => setImmediate(more));
      };
      more();
    }),
    code: "TOO_LARGE",
    message: /larger than/,
  },
  {
    what: "another manifest than its digest says",
    by: "digest",
    rule: onManifests((_, response) => response.end('{"schemaVersion":2}')),
    code: "BAD_DIGEST",
    message: /other content/,
  },
  {
    what: "a manifest with two kinds",
    rule: onManifests((_, response) =>
      response
        .writeHead(200, { "content-type": "application/vnd.oci.image.index.v1+json" })
        .end(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST })),
    ),
    code: "BAD_ANSWER",
    message: /is said to be .* and says that it is/,
  },
  {
    what: "no JSON",
    rule: onManifests((_, response) => response.end("<html>")),
    code: "BAD_ANSWER",
    message: /is not JSON/,
  },
  {
    what: "words that play with the terminal",
    rule: onManifests((_, response) =>
      response
        .writeHead(418)
        .end(JSON.stringify({ errors: [{ code: "X", message: "\u001b[2Jall good" }] })),
    ),
    code: "REFUSED",
    message: /status 418 to manifest v1 in app: "X \\x1b\[2Jall good"$/,
  },
  {
    what: "circles",
    rule: onManifests((_, response) =>
      response.writeHead(307, { location: "/v2/app/manifests/v1" }).end(),
    ),
    code: "BAD_REDIRECT",
    message: /more than 5 times/,
  },
  {
    what: "a redirect to a machine without TLS",
    rule: onBlobs((_, response) =>
      response.writeHead(307, { location: "http://192.0.2.1/x" }).end(),
    ),
    code: "BAD_REDIRECT",
    message: /http:\/\/192\.0\.2\.1, which is not followed/,
  },
  {
    what: "a redirect to a file",
    rule: onBlobs((_, response) =>
      response.writeHead(302, { location: "file:///etc/shadow" }).end(),
    ),
    code: "BAD_REDIRECT",
    message: /not followed/,
  },
  {
    what: "a redirect to nowhere",
    rule: onBlobs((_, response) => response.writeHead(302).end()),
    code: "BAD_ANSWER",
    message: /no address/,
  },
  {
    what: "connections that break at once",
    rule: onManifests((_, response) => response.destroy()),
    code: "UNREACHABLE",
    message: /no answer from .*ECONNRESET/,
  },
];

describe("a registry that gives", () => {
  for (const { what, rule, code, message, by } of LIES) {
    it(`${what} is refused`, async (t) => {
      const { registry, host, output, folder } = await registryPlace(t);
      const digest = putModel(registry, CONTENT);
      registry.rule = rule;
      const reference = by === "digest" ? `${host}/app@${digest}` : `${host}/app:v1`;
      await assert.rejects(pullModel({ reference, output, access: SOON }), { code, message });
      assert.ok(!existsSync(output));
      const left = readdirSync(folder).filter((name) => name.endsWith(".part"));
      assert.equal(left.length, code === "UNREACHABLE" && what.startsWith("content") ? 1 : 0);
      assert.ok(registry.seen.length <= 2 * MAX_TRIES, `${registry.seen.length} requests`);
    });
  }

  it("silence is left", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    registry.rule = () => true;
    const access = { ...SOON, idleMs: 20 };
    await assert.rejects(pullModel({ reference: `${host}/app:v1`, output, access }), {
      code: "UNREACHABLE",
      message: /it says nothing/,
    });
    assert.equal(registry.seen.length, MAX_TRIES);
  });
});

describe("an artifact is no model", () => {
  const digest = sha256(CONTENT);
  const layer = { mediaType: "application/vnd.galgo.model.v1+json", digest, size: CONTENT.length };
  const cases: readonly [string, object, object][] = [
    ["without content", { layers: [] }, { code: "NO_MODEL" }],
    ["with two", { layers: [layer, layer] }, { code: "NO_MODEL" }],
    [
      "with content of another kind",
      { layers: [{ ...layer, mediaType: "text/html" }] },
      { code: "NO_MODEL" },
    ],
    [
      "of another kind",
      { artifactType: "application/x" },
      { code: "NO_MODEL", message: /is no model, and no model refers/ },
    ],
    ["that is no manifest", { layers: "x" }, { code: "NO_MODEL", message: /at layers/ }],
    [
      "with a digest that is none",
      { layers: [{ ...layer, digest: "../../x" }] },
      { code: "BAD_ANSWER" },
    ],
    [
      "with a digest of md5",
      { layers: [{ ...layer, digest: `md5:${"a".repeat(32)}` }] },
      { code: "BAD_ANSWER" },
    ],
    [
      "that is too large",
      { layers: [{ ...layer, size: 2 ** 40 }] },
      { code: "TOO_LARGE", message: /1099511627776 bytes/ },
    ],
    [
      "of less than nothing",
      { layers: [{ ...layer, size: -1 }] },
      { code: "NO_MODEL", message: /layers\.0\.size/ },
    ],
    ["that is shorter than it is", { layers: [{ ...layer, size: 5 }] }, { code: "BAD_DIGEST" }],
  ];
  for (const [what, changes, expected] of cases) {
    it(what, async (t) => {
      const { registry, host, output } = await registryPlace(t);
      putModel(registry, CONTENT, changes);
      await assert.rejects(
        pullModel({ reference: `${host}/app:v1`, output, access: SOON }),
        expected,
      );
      assert.ok(!existsSync(output));
    });
  }

  it("of the image when its manifest says another one", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    const image = registry.putImage("1.0");
    const subject = { mediaType: MANIFEST, digest: `sha256:${"c".repeat(64)}`, size: 1 };
    const other = putModel(registry, CONTENT, { subject }, "other");
    const type = "application/vnd.oci.image.index.v1+json";
    const artifactType = "application/vnd.galgo.model.v1+json";
    const manifests = [{ mediaType: MANIFEST, digest: other, size: 1, artifactType }];
    registry.put(fallbackTag(image), type, { schemaVersion: 2, mediaType: type, manifests });
    await assert.rejects(pullModel({ reference: `${host}/app:1.0`, output, access: SOON }), {
      code: "NO_MODEL",
      message: /refers to another image/,
    });
  });

  it("that a list names by something else than a digest", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    const image = registry.putImage("1.0");
    const subject = { mediaType: MANIFEST, digest: image, size: 1 };
    putModel(registry, CONTENT, { subject }, "other");
    const type = "application/vnd.oci.image.index.v1+json";
    const artifactType = "application/vnd.galgo.model.v1+json";
    const manifests = [{ mediaType: MANIFEST, digest: "other", size: 1, artifactType }];
    registry.put(fallbackTag(image), type, { schemaVersion: 2, mediaType: type, manifests });
    await assert.rejects(pullModel({ reference: `${host}/app:1.0`, output, access: SOON }), {
      code: "BAD_ANSWER",
      message: /lists other for .* not a digest/,
    });
    assert.ok(!existsSync(output));
  });

  it("when it is no text, or when the caller says so", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    const reference = `${host}/app:v1`;
    putModel(registry, Buffer.from([0x7b, 0xff, 0x7d]));
    await assert.rejects(pullModel({ reference, output, access: SOON }), {
      code: "NO_MODEL",
      message: /UTF-8/,
    });
    putModel(registry, CONTENT);
    const check = () => assert.fail("no good");
    await assert.rejects(pullModel({ reference, output, access: SOON, check }), /no good/);
    assert.ok(!existsSync(output));
  });

  it("when it is said to be signed and is not, or the other way round", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    const envelope = Buffer.from(JSON.stringify({ payloadType: "", payload: "", signatures: [] }));
    const layer = (mediaType: string, content: Buffer): object => ({
      layers: [{ mediaType, digest: sha256(content), size: content.length }],
    });
    putModel(registry, CONTENT, layer(ENVELOPE_TYPE, CONTENT), "v1");
    putModel(registry, envelope, layer(MODEL_TYPE, envelope), "v2");
    for (const tag of ["v1", "v2"]) {
      const reference = `${host}/app:${tag}`;
      const pulling = pullModel({ reference, output, access: SOON });
      await assert.rejects(pulling, { code: "NO_MODEL", message: /is said to be .* by its look/ });
    }
    assert.ok(!existsSync(output));
  });

  it("in the place of a signed one, when it is none", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    putModel(registry, CONTENT);
    const envelope = JSON.stringify({ payloadType: "", payload: "", signatures: [] });
    writeFileSync(output, envelope);
    await assert.rejects(pullModel({ reference: `${host}/app:v1`, output, access: SOON }), {
      code: "BAD_OPTION",
      message: /is signed, and what would replace it is not/,
    });
    assert.equal(readFileSync(output, "utf8"), envelope);
  });

  it("to be written through a link that lies where it would wait", async (t) => {
    const { registry, host, output, model } = await registryPlace(t);
    putModel(registry, CONTENT);
    const before = readFileSync(model);
    symlinkSync(model, partialFile(output, sha256(CONTENT)));
    await assert.rejects(pullModel({ reference: `${host}/app:v1`, output, access: SOON }), {
      code: "BAD_FILE",
      message: /ELOOP/,
    });
    assert.deepEqual(readFileSync(model), before);
    writeFileSync(output, "as it was");
    assert.equal(readFileSync(output, "utf8"), "as it was");
  });
});
