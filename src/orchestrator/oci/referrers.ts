// SPDX-License-Identifier: Apache-2.0
// What refers to an image: the list that the registry keeps, or, where it keeps none, the one in the tag that OCI 1.1 says instead.
import { quote } from "../../base/quote.ts";
import type { RegistryClient } from "./client.ts";
import { OciError } from "./errors.ts";
import { MAX_INDEX_ROUNDS, MAX_MANIFEST_BYTES, MAX_PAGES, MAX_REFERRERS } from "./limits.ts";
import {
  type Descriptor,
  fetchManifest,
  type Index,
  INDEX_TYPE,
  MODEL_TYPE,
  readIndex,
} from "./manifest.ts";
import { type Answer, bodyOf, drop, headerOf } from "./transport.ts";

export type ReferrerSource = "api" | "tag";

export interface Referrers {
  readonly source: ReferrerSource;
  readonly models: readonly Descriptor[];
}

/** The tag that lists what refers to a digest where the registry does not. */
export function fallbackTag(digest: string): string {
  return digest.replace(":", "-");
}

/** The models that refer to an image. A list is only a hint: each manifest says itself what it refers to. */
export async function listModels(client: RegistryClient, image: string): Promise<Referrers> {
  const listed = await fromApi(client, image);
  if (listed !== undefined) return { source: "api", models: listed.filter(isModel) };
  const index = await fallbackIndex(client, image);
  return { source: "tag", models: (index?.manifests ?? []).filter(isModel) };
}

function isModel({ artifactType }: Descriptor): boolean {
  return artifactType === MODEL_TYPE;
}

/** Nothing when the registry does not keep such lists. */
async function fromApi(
  client: RegistryClient,
  image: string,
): Promise<readonly Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  let to: string | URL | undefined =
    `referrers/${image}?artifactType=${encodeURIComponent(MODEL_TYPE)}`;
  for (let page = 0; to !== undefined; page++) {
    const what = `list of what refers to ${image}`;
    const answer: Answer = await client.ask({ method: "GET", to, headers: { accept: INDEX_TYPE } });
    const unknown = answer.status === 404 || answer.status === 405 || answer.status === 501;
    if (page === 0 && unknown) {
      drop(answer);
      return undefined;
    }
    if (answer.status !== 200) throw await client.failure(answer, what);
    to = nextPage(answer);
    found.push(...readIndex(await bodyOf(answer, MAX_MANIFEST_BYTES, what), what).manifests);
    if (found.length > MAX_REFERRERS || page >= MAX_PAGES)
      throw new OciError(
        "TOO_LARGE",
        `${client.registry} lists more than ${MAX_REFERRERS} things, or in more than ${MAX_PAGES} pages, that refer to ${image}`,
      );
  }
  return found;
}

/** `Link: <...>; rel="next"`, on the same host only. */
function nextPage(answer: Answer): URL | undefined {
  const target = /^\s*<([^<>]{1,4096})>\s*;\s*rel="?next"?/.exec(
    headerOf(answer, "link") ?? "",
  )?.[1];
  if (target === undefined || !URL.canParse(target, answer.url.href)) return undefined;
  const url = new URL(target, answer.url);
  if (url.origin !== answer.url.origin)
    throw new OciError(
      "BAD_REDIRECT",
      `${quote(answer.url.host)} has the next page of a list on another host, ${quote(url.host)}`,
    );
  return url;
}

async function fallbackIndex(client: RegistryClient, image: string): Promise<Index | undefined> {
  const tag = fallbackTag(image);
  try {
    const fetched = await fetchManifest(client, tag);
    return readIndex(fetched.bytes, `list ${tag}`);
  } catch (error) {
    if (error instanceof OciError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/**
 * Adds a model to the list in the tag. Registries have no compare-and-set for tags: it is read again, and written again when
 * somebody else wrote meanwhile.
 * @throws OciError REFUSED when others always come between
 */
export async function addToFallback(
  client: RegistryClient,
  image: string,
  model: Descriptor,
): Promise<void> {
  for (let round = 0; round < MAX_INDEX_ROUNDS; round++) {
    const before = await fallbackIndex(client, image);
    if (lists(before, model)) return;
    // what others wrote into it stays as it is
    const manifests = [...(before?.manifests ?? []), model];
    const index = { schemaVersion: 2, mediaType: INDEX_TYPE, ...before, manifests };
    await putManifest(client, fallbackTag(image), {
      mediaType: INDEX_TYPE,
      bytes: Buffer.from(JSON.stringify(index)),
    });
  }
  if (lists(await fallbackIndex(client, image), model)) return;
  throw new OciError(
    "REFUSED",
    `others write the list ${fallbackTag(image)} in ${client.repository} at the same time; push again`,
  );
}

function lists(index: Index | undefined, model: Descriptor): boolean {
  return index?.manifests.some(({ digest }) => digest === model.digest) === true;
}

export interface ManifestBytes {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Writes a manifest under a tag or its digest. Returns the registry's answer, already dropped. */
export async function putManifest(
  client: RegistryClient,
  name: string,
  { mediaType, bytes }: ManifestBytes,
): Promise<Answer> {
  const answer = await client.ask({
    method: "PUT",
    to: `manifests/${name}`,
    headers: { "content-type": mediaType },
    body: bytes,
  });
  if (answer.status !== 201 && answer.status !== 200)
    throw await client.failure(answer, `manifest ${quote(name, 100)} in ${client.repository}`);
  drop(answer);
  return answer;
}
