// SPDX-License-Identifier: Apache-2.0
// A registry in memory with a folder beside it, for one test.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { FakeRegistry, sha256 } from "./fake-registry.ts";

export interface RegistryPlace {
  readonly registry: FakeRegistry;
  /** Host and port. */
  readonly host: string;
  readonly folder: string;
  /** A file there that looks like a model. */
  readonly model: string;
  /** A file there that is not there yet. */
  readonly output: string;
}

/** Tries again at once: nothing here gets better by waiting. */
export const SOON = { retryMs: 1 } as const;

export async function registryPlace(t: TestContext): Promise<RegistryPlace> {
  const registry = new FakeRegistry();
  const host = await registry.start();
  const folder = mkdtempSync(join(tmpdir(), "galgo-oci-"));
  t.after(() => {
    registry.stop();
    rmSync(folder, { recursive: true });
  });
  const model = join(folder, "web.json");
  writeFileSync(model, `${JSON.stringify({ format: "made", points: ["00", "01"] })}\n`);
  return { registry, host, folder, model, output: join(folder, "out.json") };
}

const MODEL_TYPE = "application/vnd.galgo.model.v1+json";
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

/** Puts an artifact there under the tag `v1`, changed as wanted; returns its digest. */
export function putModel(
  registry: FakeRegistry,
  content: Buffer,
  changes: object = {},
  tag = "v1",
): string {
  const digest = sha256(content);
  registry.blobs.set(digest, content);
  const empty = {
    mediaType: "application/vnd.oci.empty.v1+json",
    digest: sha256(Buffer.from("{}")),
    size: 2,
  };
  return registry.put(tag, MANIFEST_TYPE, {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    artifactType: MODEL_TYPE,
    config: empty,
    layers: [{ mediaType: MODEL_TYPE, digest, size: content.length }],
    ...changes,
  });
}
