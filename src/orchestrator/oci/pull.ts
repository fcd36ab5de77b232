// SPDX-License-Identifier: Apache-2.0
// Fetches a model from a registry: by its own name, or by the image that it is for. Nothing is believed that a digest does not say.
import { isUtf8 } from "node:buffer";
import { quote } from "../../base/quote.ts";
import { MAX_MODEL_BYTES } from "../limits.ts";
import { refuseReplacing } from "../models/signed-file.ts";
import { writeModelText } from "../models/write-model.ts";
import { RegistryClient } from "./client.ts";
import { CONTENT_TYPES, contentTypeOf } from "./content-type.ts";
import { downloadBlob } from "./download.ts";
import { OciError } from "./errors.ts";
import {
  type Descriptor,
  type Fetched,
  fetchManifest,
  INDEX_TYPE,
  type Manifest,
  MODEL_TYPE,
  readManifest,
} from "./manifest.ts";
import type { AccessOptions } from "./push.ts";
import { isDigest, parseReference, referenceText } from "./reference.ts";
import { listModels } from "./referrers.ts";

export interface PullRequest {
  readonly reference: string;
  readonly output: string;
  readonly access: AccessOptions;
  /** Looks at the content before it is written under its name, and throws when it does not like it. */
  readonly check?: (content: Uint8Array, facts: Pick<PullResult, "signed" | "image">) => void;
  /** Content above this is not fetched (bytes). */
  readonly maxBytes?: number;
}

export interface PullResult {
  /** With the digest: the name of what was fetched, for ever. */
  readonly reference: string;
  readonly digest: string;
  readonly content: string;
  readonly size: number;
  readonly signed: boolean;
  /** The image that it refers to. */
  readonly image?: string;
  /** Bytes that an earlier try had fetched. */
  readonly resumedFrom: number;
}

/**
 * Pulls a model to a file. The digest of the manifest is checked against the reference (when it has one), that of the content
 * against the manifest. A tag is as good as the registry; only a digest or a signature says what a model is.
 * @throws OciError; StateError NOT_WRITABLE; ModelUseError BAD_OPTION: a plain model would replace a signed one; what `check` throws
 */
export async function pullModel(request: PullRequest): Promise<PullResult> {
  const { output, access, check, maxBytes = MAX_MODEL_BYTES } = request;
  if (output === "-")
    throw new OciError(
      "BAD_FILE",
      "a pull writes to a file, so that it can be gone on with; give one with -o FILE",
    );
  const wanted = parseReference(request.reference);
  const { registry, repository } = wanted;
  const client = new RegistryClient(registry, repository, { ...access, actions: "pull" });
  const found = await findModel(client, wanted.digest ?? wanted.tag ?? "latest");
  const layer = layerOf(found.manifest, found.fetched.digest);
  // a registry that has another model under that tag today must not take a signature away
  if (layer.mediaType === MODEL_TYPE) refuseReplacing(output);
  const { bytes, resumedFrom } = await downloadBlob(client, layer, { partial: output, maxBytes });
  requireType(bytes, layer);
  const image = found.manifest.subject?.digest;
  const facts = {
    signed: layer.mediaType !== MODEL_TYPE,
    ...(image === undefined ? {} : { image }),
  };
  check?.(bytes, facts);
  writeModelText(output, textOf(bytes, layer.digest));
  const { digest } = found.fetched;
  return {
    reference: referenceText({ registry, repository, digest }),
    digest,
    content: layer.digest,
    size: bytes.length,
    ...facts,
    resumedFrom,
  };
}

/** A plain model that is said to be signed must not be told of as such. */
function requireType(bytes: Uint8Array, { mediaType, digest }: Descriptor): void {
  const found = contentTypeOf(bytes);
  if (found === mediaType) return;
  throw new OciError(
    "NO_MODEL",
    `content ${digest} is said to be ${quote(mediaType, 100)}, and is ${found} by its look`,
  );
}

/** Only text that is the same bytes again when it is written. */
function textOf(bytes: Buffer, digest: string): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  throw new OciError("NO_MODEL", `content ${digest} is not text in UTF-8, which models are`);
}

interface Found {
  readonly fetched: Fetched;
  readonly manifest: Manifest;
}

async function findModel(client: RegistryClient, name: string): Promise<Found> {
  const fetched = await fetchManifest(client, name);
  const what = `${quote(name, 100)} in ${client.repository}`;
  if (
    !fetched.mediaType.startsWith("application/vnd.docker.") &&
    fetched.mediaType !== INDEX_TYPE
  ) {
    const manifest = readManifest(fetched, what);
    if (manifest.artifactType === MODEL_TYPE) return { fetched, manifest };
  }
  return ofImage(client, fetched.digest, what);
}

async function ofImage(client: RegistryClient, image: string, what: string): Promise<Found> {
  const { models } = await listModels(client, image);
  const digests = [...new Set(models.map(({ digest }) => digest))];
  const [only] = digests;
  if (only === undefined)
    throw new OciError("NO_MODEL", `${what} is no model, and no model refers to it`);
  if (digests.length > 1) {
    const shown = digests.slice(0, 5).map((digest) => quote(digest, 100));
    const rest = digests.length > shown.length ? ` and ${digests.length - shown.length} more` : "";
    throw new OciError(
      "AMBIGUOUS",
      `${digests.length} models refer to ${what}; name one as ${client.registry}/${client.repository}@DIGEST: ${shown.join(", ")}${rest}`,
    );
  }
  // what is not a digest would be fetched as a tag, or checked by nothing
  if (!isDigest(only))
    throw new OciError(
      "BAD_ANSWER",
      `${client.registry} lists ${quote(only, 100)} for ${what}, which is not a digest of sha256`,
    );
  const fetched = await fetchManifest(client, only);
  const manifest = readManifest(fetched, quote(only, 100));
  if (manifest.artifactType !== MODEL_TYPE)
    throw new OciError("NO_MODEL", `${quote(only, 100)} is listed as a model and is none`);
  if (manifest.subject?.digest !== image)
    throw new OciError(
      "NO_MODEL",
      `${quote(only, 100)} is listed for ${image} and refers to another image`,
    );
  return { fetched, manifest };
}

function layerOf(manifest: Manifest, digest: string): Descriptor {
  const [layer, more] = manifest.layers;
  const known = layer !== undefined && CONTENT_TYPES.includes(layer.mediaType);
  if (known && more === undefined) return layer;
  throw new OciError(
    "NO_MODEL",
    `the artifact ${digest} does not hold one model; a later Galgo may have made it`,
  );
}
