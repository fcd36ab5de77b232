// SPDX-License-Identifier: Apache-2.0
// Models to a registry and back: plain and signed, alone and for an image, interrupted, with tokens.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { sha256 } from "../../../test/helpers/fake-registry.ts";
import { putModel, registryPlace, SOON } from "../../../test/helpers/registry-place.ts";
import { partialFile } from "./download.ts";
import { MAX_TRIES, PIECE_BYTES } from "./limits.ts";
import { pullModel } from "./pull.ts";
import { pushModel } from "./push.ts";
import { fallbackTag } from "./referrers.ts";

const LARGE: Buffer = Buffer.alloc(2 * PIECE_BYTES + 10, "model ");

describe("a model that is pushed", () => {
  it("comes back as it was, by tag and by digest, and is not sent twice", async (t) => {
    const { registry, host, model, output } = await registryPlace(t);
    const request = { file: model, reference: `${host}/app:v1`, access: SOON };
    const pushed = await pushModel(request);
    assert.equal(pushed.reference, `${host}/app:v1@${pushed.digest}`);
    assert.equal(pushed.there, false);
    for (const reference of [`${host}/app:v1`, `${host}/app@${pushed.digest}`]) {
      const pulled = await pullModel({ reference, output, access: SOON });
      assert.equal(pulled.digest, pushed.digest);
      assert.equal(pulled.content, pushed.content);
      assert.equal(pulled.signed, false);
      assert.deepEqual(readFileSync(output), readFileSync(model));
    }
    registry.seen.length = 0;
    const again = await pushModel(request);
    assert.deepEqual(again, { ...pushed, there: true });
    assert.ok(registry.seen.every(({ method }) => method === "HEAD" || method === "PUT"));
  });

  it("that is an envelope is told from a plain one", async (t) => {
    const { host, model, output } = await registryPlace(t);
    writeFileSync(model, JSON.stringify({ payloadType: "x", payload: "", signatures: [] }));
    const reference = `${host}/app:v1`;
    assert.equal((await pushModel({ file: model, reference, access: SOON })).signed, true);
    const seen: boolean[] = [];
    const check = (_: Uint8Array, { signed }: { signed: boolean }) => void seen.push(signed);
    assert.equal((await pullModel({ reference, output, access: SOON, check })).signed, true);
    assert.deepEqual(seen, [true]);
  });

  it("that is a Sigstore bundle too", async (t) => {
    const { host, model, output } = await registryPlace(t);
    writeFileSync(model, JSON.stringify({ mediaType: "x", dsseEnvelope: {} }));
    const reference = `${host}/app:v1`;
    assert.equal((await pushModel({ file: model, reference, access: SOON })).signed, true);
    assert.equal((await pullModel({ reference, output, access: SOON })).signed, true);
    assert.deepEqual(readFileSync(output), readFileSync(model));
  });

  for (const keeps of [true, false]) {
    it(`for an image is found by it, in a registry that ${keeps ? "keeps" : "does not keep"} lists of referrers`, async (t) => {
      const { registry, host, model, output } = await registryPlace(t);
      registry.referrers = keeps;
      const image = registry.putImage("1.0");
      const request = { file: model, reference: `${host}/app`, image: "1.0", access: SOON };
      const pushed = await pushModel(request);
      assert.deepEqual(pushed.image, { digest: image, listed: keeps ? "api" : "tag" });
      assert.equal(registry.manifests.has(fallbackTag(image)), !keeps);
      for (const reference of [`${host}/app:1.0`, `${host}/app@${image}`]) {
        const pulled = await pullModel({ reference, output, access: SOON });
        assert.equal(pulled.digest, pushed.digest);
        assert.equal(pulled.image, image);
      }
      await pushModel(request);
      const other = `${model}2`;
      writeFileSync(other, "{}");
      const second = await pushModel({ ...request, file: other });
      await assert.rejects(
        pullModel({ reference: `${host}/app:1.0`, output, access: SOON }),
        (error: Error) => {
          assert.match(error.message, /^2 models refer to/);
          assert.ok(error.message.includes(second.digest) && error.message.includes(pushed.digest));
          return true;
        },
      );
    });
  }

  it("leaves what others wrote into the list beside an image", async (t) => {
    const { registry, host, model } = await registryPlace(t);
    const image = registry.putImage("1.0");
    const theirs = {
      mediaType: "x/y",
      digest: `sha256:${"b".repeat(64)}`,
      size: 3,
      urls: ["https://x"],
    };
    const type = "application/vnd.oci.image.index.v1+json";
    registry.put(fallbackTag(image), type, {
      schemaVersion: 2,
      mediaType: type,
      manifests: [theirs],
      annotations: { a: "b" },
    });
    await pushModel({ file: model, reference: `${host}/app`, image, access: SOON });
    const list = JSON.parse(registry.manifests.get(fallbackTag(image))?.bytes.toString() ?? "");
    assert.equal(list.manifests.length, 2);
    assert.deepEqual(list.manifests[0], theirs);
    assert.deepEqual(list.annotations, { a: "b" });
  });

  it("goes on after a broken connection from what arrived", async (t) => {
    const { registry, host, model } = await registryPlace(t);
    writeFileSync(model, LARGE);
    let patches = 0;
    // the second piece arrives and nobody says so
    registry.rule = ({ method }, response) => {
      if (method === "PATCH" && ++patches === 2) response.writeHead = () => response.destroy();
      return false;
    };
    const pushed = await pushModel({ file: model, reference: `${host}/app:v1`, access: SOON });
    assert.deepEqual(registry.blobs.get(pushed.content), LARGE);
    // two of large pieces, one of the rest, one of the empty configuration
    assert.equal(patches, 4);
  });

  it("is given up where the registry always forgets what it has", async (t) => {
    const { registry, host, model } = await registryPlace(t);
    writeFileSync(model, LARGE);
    let patches = 0;
    /** One piece is taken, the next one not, and then it knows of no upload. */
    const statusOf = (method: string): number | undefined => {
      if (method === "PATCH") return ++patches % 2 === 0 ? 500 : undefined;
      return method === "GET" ? 404 : undefined;
    };
    registry.rule = ({ method, path }, response, request) => {
      const status = path.includes("/uploads/") ? statusOf(method) : undefined;
      // an end for a client that would never come to one
      if (status === undefined || patches > 40) return false;
      request.resume();
      response.writeHead(status).end();
      return true;
    };
    const pushed = pushModel({ file: model, reference: `${host}/app:v1`, access: SOON });
    await assert.rejects(pushed, { code: "REFUSED", message: /status 500/ });
    assert.equal(patches, 2 * MAX_TRIES);
  });

  it("is not sent when the caller does not like it", async (t) => {
    const { registry, host, model } = await registryPlace(t);
    const check = () => assert.fail("no good");
    const request = { file: model, reference: `${host}/app:v1`, access: SOON, check };
    await assert.rejects(pushModel(request), /no good/);
    assert.equal(registry.seen.length, 0);
  });

  it("is not called pushed when the registry keeps something else", async (t) => {
    const { registry, host, model } = await registryPlace(t);
    registry.rule = ({ method, path }, response, request) => {
      if (method !== "PUT" || !path.includes("/manifests/")) return false;
      request.resume();
      response.writeHead(201, { "docker-content-digest": `sha256:${"0".repeat(64)}` }).end();
      return true;
    };
    await assert.rejects(pushModel({ file: model, reference: `${host}/app:v1`, access: SOON }), {
      code: "BAD_DIGEST",
    });
  });

  it("needs a place, and an image that is there", async (t) => {
    const { host, model } = await registryPlace(t);
    const push = (reference: string, image?: string) =>
      pushModel({
        file: model,
        reference,
        access: SOON,
        ...(image === undefined ? {} : { image }),
      });
    await assert.rejects(push(`${host}/app`), { code: "BAD_REFERENCE", message: /give a tag/ });
    await assert.rejects(push(`${host}/app@${sha256(LARGE)}`), { code: "BAD_REFERENCE" });
    await assert.rejects(push(`${host}/app:v1`, "../x"), { code: "BAD_REFERENCE" });
    await assert.rejects(push(`${host}/app:v1`, "9.9"), {
      code: "NOT_FOUND",
      message: /has no manifest 9\.9 in app/,
    });
    const access = SOON;
    const file = `${model}.none`;
    await assert.rejects(pushModel({ file, reference: `${host}/app:v1`, access }), {
      code: "NO_MODEL",
      message: /ENOENT/,
    });
    const endless = { file: "/dev/zero", reference: `${host}/app:v1`, access };
    await assert.rejects(pushModel(endless), { code: "BAD_MODEL", message: /larger than/ });
  });
});

describe("a model that is pulled", () => {
  it("goes to a file only", async (t) => {
    const { registry, host } = await registryPlace(t);
    const request = { reference: `${host}/app:v1`, output: "-", access: SOON };
    await assert.rejects(pullModel(request), { code: "BAD_FILE", message: /-o FILE/ });
    assert.equal(registry.seen.length, 0);
  });

  it("goes on in the same command when connections break", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    putModel(registry, LARGE);
    let gets = 0;
    registry.rule = ({ method, path }, response) => {
      if (method !== "GET" || !path.includes("/blobs/") || ++gets > 1) return false;
      response.writeHead(200, { "content-length": LARGE.length });
      response.write(LARGE.subarray(0, 1_000_000), () => response.destroy());
      return true;
    };
    await pullModel({ reference: `${host}/app:v1`, output, access: SOON });
    assert.deepEqual(readFileSync(output), LARGE);
    const ranges = registry.seen.map(({ range }) => range).filter((range) => range !== undefined);
    assert.equal(ranges.length, 1);
  });

  it("goes on in the next command when the registry went away", async (t) => {
    const { registry, host, output, folder } = await registryPlace(t);
    putModel(registry, LARGE);
    registry.rule = ({ path, range }, response) => {
      if (!path.includes("/blobs/")) return false;
      if (range !== undefined) return response.destroy() !== undefined;
      response.writeHead(200, { "content-length": LARGE.length });
      response.write(LARGE.subarray(0, 65_536), () => response.destroy());
      return true;
    };
    const reference = `${host}/app:v1`;
    await assert.rejects(pullModel({ reference, output, access: SOON }), {
      code: "UNREACHABLE",
      message: /at byte 65536 of 8388618; the same command goes on from there/,
    });
    assert.ok(!existsSync(output));
    registry.rule = () => false;
    registry.seen.length = 0;
    const { resumedFrom } = await pullModel({ reference, output, access: SOON });
    assert.equal(resumedFrom, 65_536);
    assert.equal(registry.seen.at(-1)?.range, "bytes=65536-");
    assert.deepEqual(readFileSync(output), LARGE);
    assert.ok(readdirSync(folder).every((name) => !name.endsWith(".part")));
  });

  it("does not trust what an earlier try left", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    putModel(registry, LARGE);
    for (const left of ["rubbish", LARGE.toString().toUpperCase(), `${LARGE.toString()}more`]) {
      writeFileSync(partialFile(output, sha256(LARGE)), left);
      const { resumedFrom } = await pullModel({
        reference: `${host}/app:v1`,
        output,
        access: SOON,
      });
      assert.equal(resumedFrom, 0);
      assert.deepEqual(readFileSync(output), LARGE);
    }
  });

  it("is had although the registry knows no ranges", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    putModel(registry, LARGE);
    writeFileSync(partialFile(output, sha256(LARGE)), LARGE.subarray(0, 99));
    registry.rule = ({ path }, response) => {
      if (!path.includes("/blobs/")) return false;
      response.end(LARGE);
      return true;
    };
    await pullModel({ reference: `${host}/app:v1`, output, access: SOON });
    assert.deepEqual(readFileSync(output), LARGE);
  });

  it("is waited for when the registry says later", async (t) => {
    const { registry, host, output, model } = await registryPlace(t);
    putModel(registry, readFileSync(model));
    let busy = 0;
    registry.rule = (_, response) => {
      if (++busy > 3) return false;
      response.writeHead(busy === 1 ? 429 : 503, { "retry-after": "0" }).end();
      return true;
    };
    await pullModel({ reference: `${host}/app:v1`, output, access: SOON });
    assert.equal(busy, 5);
  });
});
