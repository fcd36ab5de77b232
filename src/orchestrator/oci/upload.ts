// SPDX-License-Identifier: Apache-2.0
// Brings content to a registry in pieces. After a broken connection it asks how much arrived and goes on from there.
import { type RegistryClient, isUnreachable } from "./client.ts";
import { OciError } from "./errors.ts";
import { MAX_TRIES, PIECE_BYTES } from "./limits.ts";
import { digestOf } from "./manifest.ts";
import { type Answer, drop, headerOf } from "./transport.ts";

const OCTETS = { "content-type": "application/octet-stream" } as const;

export interface Uploaded {
  readonly digest: string;
  /** It was there before; nothing was sent. */
  readonly there: boolean;
  /** Times that the upload went on after it was interrupted. */
  readonly resumed: number;
}

/** What is known of an upload: where to send, and how much is there. */
interface Upload {
  readonly url: URL;
  readonly offset: number;
}

/** Brings `bytes` to the repository, unless they are there. @throws OciError as the client, REFUSED, BAD_ANSWER */
export async function uploadBlob(client: RegistryClient, bytes: Uint8Array): Promise<Uploaded> {
  const digest = digestOf(bytes);
  if (await isThere(client, digest)) return { digest, there: true, resumed: 0 };
  let upload = await begin(client);
  let resumed = 0;
  let failures = 0;
  let furthest = 0;
  while (upload.offset < bytes.length) {
    const before = upload;
    try {
      upload = await sendPiece(client, before, bytes);
      // one that always forgets and begins anew gets nowhere
      if (upload.offset > furthest) failures = 0;
      furthest = Math.max(furthest, upload.offset);
    } catch (error) {
      if (!isInterruption(error) || ++failures >= MAX_TRIES) throw error;
      await client.pause(failures);
      upload = await goOn(client, before, bytes.length);
      resumed++;
    }
  }
  await finish(client, upload, digest);
  return { digest, there: false, resumed };
}

async function isThere(client: RegistryClient, digest: string): Promise<boolean> {
  const answer = await client.ask({ method: "HEAD", to: `blobs/${digest}` });
  drop(answer);
  if (answer.status === 200) return true;
  if (answer.status === 404) return false;
  throw await client.failure(answer, `content ${digest}`);
}

async function begin(client: RegistryClient): Promise<Upload> {
  const answer = await client.ask({
    method: "POST",
    to: "blobs/uploads/",
    body: new Uint8Array(0),
  });
  if (answer.status !== 202) throw await client.failure(answer, `upload to ${client.repository}`);
  drop(answer);
  return { url: client.locationOf(answer), offset: 0 };
}

async function sendPiece(
  client: RegistryClient,
  upload: Upload,
  bytes: Uint8Array,
): Promise<Upload> {
  const { url, offset } = upload;
  const end = Math.min(offset + PIECE_BYTES, bytes.length);
  const answer = await client.ask({
    method: "PATCH",
    to: url,
    headers: { ...OCTETS, "content-range": `${offset}-${end - 1}` },
    body: bytes.subarray(offset, end),
    once: true,
  });
  if (answer.status !== 202 && answer.status !== 204)
    throw await client.failure(answer, `upload to ${client.repository}`);
  drop(answer);
  return { url: client.locationOf(answer), offset: end };
}

/** Where an interrupted upload stands; a new one when the registry has forgotten it. */
async function goOn(client: RegistryClient, { url }: Upload, size: number): Promise<Upload> {
  const answer = await client.ask({ method: "GET", to: url });
  drop(answer);
  if (answer.status !== 204 && answer.status !== 202) return begin(client);
  const offset = arrived(answer);
  if (offset === undefined || offset > size) return begin(client);
  const next = headerOf(answer, "location") === undefined ? url : client.locationOf(answer);
  return { url: next, offset };
}

/** Bytes that arrived, by `Range: 0-<last>`. "0-0" stands for none as well as for one: one byte alone is never sent. */
function arrived(answer: Answer): number | undefined {
  const last = /^(?:bytes=)?0-(\d{1,15})$/.exec(headerOf(answer, "range") ?? "")?.[1];
  if (last === undefined) return undefined;
  return last === "0" ? 0 : Number(last) + 1;
}

async function finish(client: RegistryClient, { url }: Upload, digest: string): Promise<void> {
  const to = new URL(url);
  to.searchParams.set("digest", digest);
  const body = new Uint8Array(0);
  const put = { method: "PUT", to, headers: OCTETS, body, once: true } as const;
  let answer: Answer;
  try {
    answer = await client.ask(put);
  } catch (error) {
    // it may have been done although nobody said so
    if (isUnreachable(error) && (await isThere(client, digest))) return;
    throw error;
  }
  if (answer.status !== 201 && answer.status !== 204)
    throw await client.failure(answer, `content ${digest}`);
  drop(answer);
}

function isInterruption(error: unknown): boolean {
  if (isUnreachable(error)) return true;
  if (!(error instanceof OciError) || error.code !== "REFUSED") return false;
  const { status } = error.facts;
  // 416: it stands elsewhere than we think
  return typeof status === "number" && (status >= 500 || status === 416 || status === 429);
}
