// SPDX-License-Identifier: Apache-2.0
// Manifests and indexes of OCI 1.1: what Galgo writes, and what it reads of those of others.
import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { quote } from "../../base/quote.ts";
import type { RegistryClient } from "./client.ts";
import { OciError } from "./errors.ts";
import { MAX_MANIFEST_BYTES, MAX_REFERRERS } from "./limits.ts";
import { isDigest } from "./reference.ts";
import { bodyOf, headerOf } from "./transport.ts";

/** Kind of an artifact that holds a model, and of its content when that is the plain file. */
export const MODEL_TYPE = "application/vnd.galgo.model.v1+json";
/** Content that is a signed model: the envelope as a file. */
export const ENVELOPE_TYPE = "application/vnd.dsse.envelope.v1+json";
export const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
export const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json";
const EMPTY_TYPE = "application/vnd.oci.empty.v1+json";
const KNOWN: readonly string[] = [MANIFEST_TYPE, INDEX_TYPE, DOCKER_MANIFEST, DOCKER_INDEX];
/** Where tools look for the name of a file. */
const TITLE = "org.opencontainers.image.title";

const MAX_LAYERS = 1_000;

const text = () => z.string().check(z.maxLength(1_024));
const annotations = () => z.optional(z.record(text(), z.string()));
const descriptorSchema = () =>
  z.looseObject({
    mediaType: text(),
    // subjects and layers of others may have other digests; only what is fetched must be one that Galgo checks
    digest: text(),
    size: z.number().check(z.int(), z.gte(0)),
    artifactType: z.optional(text()),
    annotations: annotations(),
  });
const manifestSchema = () =>
  z.object({
    schemaVersion: z.literal(2),
    mediaType: z.optional(text()),
    artifactType: z.optional(text()),
    config: descriptorSchema(),
    layers: z.array(descriptorSchema()).check(z.maxLength(MAX_LAYERS)),
    subject: z.optional(descriptorSchema()),
    annotations: annotations(),
  });
const indexSchema = () =>
  z.looseObject({
    schemaVersion: z.literal(2),
    mediaType: z.optional(text()),
    manifests: z.array(descriptorSchema()).check(z.maxLength(MAX_REFERRERS)),
  });

/** Content by its digest. What else is in it is kept as it is. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

export interface Manifest {
  readonly artifactType?: string | undefined;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
}

export interface Index {
  readonly manifests: readonly Descriptor[];
}

/** A manifest as it was fetched: its digest is that of its bytes. */
export interface Fetched {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Content that says nothing, for the place of a configuration. */
export const EMPTY_BYTES: Uint8Array = new TextEncoder().encode("{}");

export interface ModelContent {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  /** Name of the file, without folders. */
  readonly title: string;
}

/** The manifest of a model. The same content, subject and title give the same bytes: no time is in it. */
export function modelManifest(content: ModelContent, subject: Descriptor | undefined): Uint8Array {
  const { mediaType, bytes, title } = content;
  const empty = { mediaType: EMPTY_TYPE, digest: digestOf(EMPTY_BYTES), size: EMPTY_BYTES.length };
  const layer = {
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
    annotations: { [TITLE]: title },
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    artifactType: MODEL_TYPE,
    config: empty,
    layers: [layer],
    ...(subject === undefined ? {} : { subject }),
  };
  return new TextEncoder().encode(JSON.stringify(manifest));
}

/**
 * Fetches a manifest or an index by tag or digest; what a digest names is checked against it.
 * @throws OciError NOT_FOUND, BAD_DIGEST, TOO_LARGE, BAD_ANSWER and those of the client
 */
export async function fetchManifest(client: RegistryClient, name: string): Promise<Fetched> {
  const what = `manifest ${quote(name, 100)} in ${client.repository}`;
  const headers = { accept: KNOWN.join(", ") };
  const answer = await client.ask({ method: "GET", to: `manifests/${name}`, headers });
  if (answer.status !== 200) throw await client.failure(answer, what);
  const bytes = await bodyOf(answer, MAX_MANIFEST_BYTES, what);
  const digest = digestOf(bytes);
  const promised = name.includes(":") ? name : headerOf(answer, "docker-content-digest");
  if (promised !== undefined && isDigest(promised) && promised !== digest)
    throw new OciError(
      "BAD_DIGEST",
      `${client.registry} gives as ${what} other content (${digest}) than ${promised}`,
    );
  return { digest, mediaType: typeOf(bytes, headerOf(answer, "content-type"), what), bytes };
}

function typeOf(bytes: Buffer, header: string | undefined, what: string): string {
  const outer = header?.split(";")[0]?.trim().toLowerCase();
  const parsed = z.object({ mediaType: z.optional(text()) }).safeParse(jsonOf(bytes, what));
  const inner = parsed.success ? parsed.data.mediaType : undefined;
  // one content must not be read as two things
  if (inner !== undefined && outer !== undefined && KNOWN.includes(outer) && inner !== outer)
    throw new OciError(
      "BAD_ANSWER",
      `${what} is said to be ${quote(outer)} and says that it is ${quote(inner, 100)}`,
    );
  return inner ?? outer ?? "";
}

/** @throws OciError NO_MODEL when it is no manifest of one thing */
export function readManifest(fetched: Fetched, what: string): Manifest {
  const parsed = manifestSchema().safeParse(jsonOf(fetched.bytes, what));
  if (!parsed.success)
    throw new OciError(
      "NO_MODEL",
      `${what} is no manifest of OCI${where(parsed.error.issues[0]?.path)}`,
    );
  return parsed.data;
}

/** @throws OciError BAD_ANSWER */
export function readIndex(bytes: Buffer, what: string): Index {
  const parsed = indexSchema().safeParse(jsonOf(bytes, what));
  if (!parsed.success)
    throw new OciError(
      "BAD_ANSWER",
      `${what} is no index of OCI${where(parsed.error.issues[0]?.path)}`,
    );
  return parsed.data;
}

function where(path: readonly PropertyKey[] | undefined): string {
  return path === undefined || path.length === 0
    ? ""
    : ` (at ${quote(path.map(String).join("."), 100)})`;
}

function jsonOf(bytes: Buffer, what: string): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new OciError("BAD_ANSWER", `${what} is not JSON`);
  }
}
