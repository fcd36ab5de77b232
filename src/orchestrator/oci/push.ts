// SPDX-License-Identifier: Apache-2.0
// Brings a model to a registry as an artifact of OCI 1.1, on its own or as something that refers to an image.
import { basename } from "node:path";
import { quote } from "../../base/quote.ts";
import { readModelBytes } from "../models/model-use.ts";
import { RegistryClient, type ClientOptions } from "./client.ts";
import { contentTypeOf } from "./content-type.ts";
import { OciError } from "./errors.ts";
import {
  type Descriptor,
  digestOf,
  EMPTY_BYTES,
  fetchManifest,
  MANIFEST_TYPE,
  MODEL_TYPE,
  modelManifest,
} from "./manifest.ts";
import { isDigest, isTag, parseReference, type Reference, referenceText } from "./reference.ts";
import { addToFallback, putManifest, type ReferrerSource } from "./referrers.ts";
import { headerOf } from "./transport.ts";
import { uploadBlob } from "./upload.ts";

export type AccessOptions = Omit<ClientOptions, "actions">;

export interface PushRequest {
  readonly file: string;
  readonly reference: string;
  /** Tag or digest of the image in the same repository that the model is for. */
  readonly image?: string;
  readonly access: AccessOptions;
  /** Looks at the content before anything is sent, and throws when it does not like it. */
  readonly check?: (content: Uint8Array, signed: boolean) => void;
}

export interface PushResult {
  /** With the digest, so that it names this content for ever. */
  readonly reference: string;
  readonly digest: string;
  /** Digest of the file's content. */
  readonly content: string;
  readonly size: number;
  readonly signed: boolean;
  /** Digest of the image, and where it is written down that the model refers to it. */
  readonly image?: { readonly digest: string; readonly listed: ReferrerSource };
  /** The content was in the repository before. */
  readonly there: boolean;
}

/**
 * Pushes a model file, plain or signed. Whether it is a good model is for `check` to say.
 * @throws OciError; ModelUseError NO_MODEL, BAD_MODEL: the file can not be read, or is too large; what `check` throws
 */
export async function pushModel(request: PushRequest): Promise<PushResult> {
  const reference = parseReference(request.reference);
  requirePlace(reference, request.image);
  const bytes = readModelBytes(request.file);
  const mediaType = contentTypeOf(bytes);
  const signed = mediaType !== MODEL_TYPE;
  request.check?.(bytes, signed);
  const { registry, repository } = reference;
  const client = new RegistryClient(registry, repository, {
    ...request.access,
    actions: "pull,push",
  });
  const image = request.image === undefined ? undefined : await imageOf(client, request.image);
  const { there } = await uploadBlob(client, bytes);
  await uploadBlob(client, EMPTY_BYTES);
  const manifest = modelManifest({ mediaType, bytes, title: basename(request.file) }, image);
  const digest = digestOf(manifest);
  const listed = await writeManifest(client, { manifest, name: reference.tag ?? digest, image });
  const shown = { registry, repository, digest };
  return {
    reference: referenceText(
      reference.tag === undefined ? shown : { ...shown, tag: reference.tag },
    ),
    digest,
    content: digestOf(bytes),
    size: bytes.length,
    signed,
    ...(image === undefined || listed === undefined
      ? {}
      : { image: { digest: image.digest, listed } }),
    there,
  };
}

function requirePlace({ tag, digest }: Reference, image: string | undefined): void {
  if (digest !== undefined)
    throw new OciError(
      "BAD_REFERENCE",
      "what is pushed gets its digest from its content; give a tag instead",
    );
  if (tag === undefined && image === undefined)
    throw new OciError(
      "BAD_REFERENCE",
      "give a tag (HOST/REPOSITORY:TAG), or the image that the model is for with --image",
    );
  if (image !== undefined && !isDigest(image) && !isTag(image))
    throw new OciError(
      "BAD_REFERENCE",
      `image ${quote(image, 100)} is neither a tag nor sha256: and 64 lower-case hex digits; it is looked for in the repository that is pushed to`,
    );
}

async function imageOf(client: RegistryClient, name: string): Promise<Descriptor> {
  const { digest, mediaType, bytes } = await fetchManifest(client, name);
  return { mediaType, digest, size: bytes.length };
}

interface Writing {
  readonly manifest: Uint8Array;
  readonly name: string;
  readonly image: Descriptor | undefined;
}

async function writeManifest(
  client: RegistryClient,
  { manifest, name, image }: Writing,
): Promise<ReferrerSource | undefined> {
  const digest = digestOf(manifest);
  const answer = await putManifest(client, name, { mediaType: MANIFEST_TYPE, bytes: manifest });
  const kept = headerOf(answer, "docker-content-digest");
  if (kept !== undefined && kept !== digest)
    throw new OciError(
      "BAD_DIGEST",
      `${client.registry} keeps ${quote(kept, 100)} instead of ${digest}`,
    );
  if (image === undefined) return undefined;
  // a registry that keeps the list itself says so here
  if (headerOf(answer, "oci-subject") === image.digest) return "api";
  const descriptor = {
    mediaType: MANIFEST_TYPE,
    digest,
    size: manifest.length,
    artifactType: MODEL_TYPE,
  };
  await addToFallback(client, image.digest, descriptor);
  return "tag";
}
