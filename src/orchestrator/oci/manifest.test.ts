// SPDX-License-Identifier: Apache-2.0
// What manifests say, the bytes that Galgo writes for them, and lists of referrers in pages.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FakeRegistry, INDEX_TYPE } from "../../../test/helpers/fake-registry.ts";
import { RegistryClient } from "./client.ts";
import { OciError } from "./errors.ts";
import {
  digestOf,
  MANIFEST_TYPE,
  MODEL_TYPE,
  modelManifest,
  readIndex,
  readManifest,
} from "./manifest.ts";
import { listModels } from "./referrers.ts";

const IMAGE = `sha256:${"1".repeat(64)}`;
const SUBJECT = { mediaType: MANIFEST_TYPE, digest: IMAGE, size: 7 };
const CONTENT = { mediaType: MODEL_TYPE, bytes: Buffer.from("{}\n"), title: "web.json" } as const;

const fetched = (bytes: Buffer) => ({ digest: digestOf(bytes), mediaType: MANIFEST_TYPE, bytes });

describe("a manifest", () => {
  it("of the same model is the same bytes on each day", () => {
    const alone = Buffer.from(modelManifest(CONTENT, undefined)).toString();
    const layer =
      '{"mediaType":"application/vnd.galgo.model.v1+json","digest":"sha256:ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356",' +
      '"size":3,"annotations":{"org.opencontainers.image.title":"web.json"}}';
    assert.equal(
      alone,
      '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.galgo.model.v1+json",' +
        '"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},' +
        `"layers":[${layer}]}`,
    );
    const read = readManifest(fetched(Buffer.from(modelManifest(CONTENT, SUBJECT))), "it");
    assert.deepEqual({ ...read.subject }, SUBJECT);
  });

  it("that is anything else is refused, and nothing worse", () => {
    const good = Buffer.from(modelManifest(CONTENT, SUBJECT));
    const flipped = fc
      .tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, by]) => {
        const bytes = Buffer.from(good);
        bytes[at] = (bytes[at] ?? 0) ^ by;
        return bytes;
      });
    const any = fc.oneof(
      flipped,
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(any, (bytes) => {
        for (const read of [
          () => readManifest(fetched(bytes), "it"),
          () => readIndex(bytes, "it"),
        ]) {
          try {
            read();
          } catch (error) {
            assert.ok(error instanceof OciError);
          }
        }
      }),
    );
  });
});

describe("a list of referrers", () => {
  const entry = (digit: string) => ({
    mediaType: MANIFEST_TYPE,
    digest: `sha256:${digit.repeat(64)}`,
    size: 1,
    artifactType: MODEL_TYPE,
  });

  /** A registry whose n-th page has one entry and the header `link(n)`. */
  async function pages(
    link: (page: number) => string | undefined,
  ): Promise<[FakeRegistry, string]> {
    const registry = new FakeRegistry();
    const host = await registry.start();
    registry.rule = ({ path }, response) => {
      const page = Number(/[?&]page=(\d+)/.exec(path)?.[1] ?? 0);
      const next = link(page);
      const foreign = { ...entry("f"), artifactType: "text/x" };
      const manifests = [entry(String(page % 10)), foreign];
      response.writeHead(200, next === undefined ? {} : { link: next });
      response.end(JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests }));
      return true;
    };
    return [registry, host];
  }

  const cases: readonly [string, (page: number) => string | undefined, RegExp | number][] = [
    [
      "is read page by page",
      (page) => (page < 3 ? `</v2/app/x?page=${page + 1}>; rel="next"` : undefined),
      4,
    ],
    [
      "without an end is refused",
      (page) => `</v2/app/x?page=${page + 1}>; rel="next"`,
      /in more than 32 pages/,
    ],
    ["does not lead to another host", () => '<http://127.0.0.2/x>; rel="next"', /on another host/],
  ];
  for (const [what, link, expected] of cases) {
    it(what, async (t) => {
      const [registry, host] = await pages(link);
      t.after(() => registry.stop());
      const client = new RegistryClient(host, "app", { actions: "pull", retryMs: 1 });
      if (expected instanceof RegExp) {
        await assert.rejects(listModels(client, IMAGE), { message: expected });
        return;
      }
      const { source, models } = await listModels(client, IMAGE);
      assert.equal(source, "api");
      assert.equal(models.length, expected);
    });
  }
});
