// SPDX-License-Identifier: Apache-2.0
// Fetches content by its digest. What arrived stays in a file until it is whole, so that the next try goes on where this one ended.
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { quote } from "../../base/quote.ts";
import { isUnreachable, type RegistryClient } from "./client.ts";
import { codeOf, OciError } from "./errors.ts";
import { MAX_TRIES, TRANSFER_MS } from "./limits.ts";
import { type Descriptor, digestOf } from "./manifest.ts";
import { isDigest } from "./reference.ts";
import { type Answer, drop, headerOf, unreachable } from "./transport.ts";

export interface Downloaded {
  readonly bytes: Buffer;
  /** Bytes that were there from an earlier try. */
  readonly resumedFrom: number;
}

export interface DownloadPlace {
  /** What arrived is kept in a file whose name begins so. */
  readonly partial: string;
  /** Content above this is not fetched (bytes). */
  readonly maxBytes: number;
}

/** The file in which a download for `output` waits to be gone on with. */
export function partialFile(output: string, digest: string): string {
  return `${output}.${digest.slice("sha256:".length, "sha256:".length + 16)}.part`;
}

/**
 * The content that a descriptor names, whole and checked. On a broken connection what arrived is left in the partial file;
 * content that is not what its digest says is removed.
 * @throws OciError TOO_LARGE, BAD_DIGEST, BAD_FILE, UNREACHABLE and those of the client
 */
export async function downloadBlob(
  client: RegistryClient,
  descriptor: Descriptor,
  { partial, maxBytes }: DownloadPlace,
): Promise<Downloaded> {
  const { digest, size } = descriptor;
  if (!isDigest(digest))
    throw new OciError(
      "BAD_ANSWER",
      `content ${quote(digest, 100)} has a digest that is not of sha256`,
    );
  if (size > maxBytes)
    throw new OciError(
      "TOO_LARGE",
      `content ${digest} has ${size} bytes; at most ${maxBytes} are fetched`,
    );
  const file = partialFile(partial, digest);
  const first = await attempt(client, descriptor, file);
  // what an earlier try left may be what is wrong
  const { bytes, found, resumedFrom } =
    first.found !== digest && first.resumedFrom > 0
      ? await attempt(client, descriptor, file)
      : first;
  if (found === digest) return { bytes, resumedFrom };
  throw new OciError(
    "BAD_DIGEST",
    `${client.registry} gives other content (${found}) than ${digest}`,
  );
}

/** Fetches what is missing. Whole content, good or not, leaves no file behind. */
async function attempt(
  client: RegistryClient,
  descriptor: Descriptor,
  file: string,
): Promise<Downloaded & { readonly found: string }> {
  const fd = openPartial(file);
  let keep = false;
  try {
    const resumedFrom = startOf(fd, descriptor.size);
    await fill({ client, descriptor, fd });
    const bytes = contentOf(fd, descriptor.size);
    return { bytes, resumedFrom, found: digestOf(bytes) };
  } catch (error) {
    keep = fstatSync(fd).size > 0 && !isLie(error);
    throw error;
  } finally {
    closeSync(fd);
    if (!keep) rmSync(file, { force: true });
  }
}

/** What was fetched from somebody who lies is not gone on with. */
function isLie(error: unknown): boolean {
  return error instanceof OciError && (error.code === "BAD_DIGEST" || error.code === "BAD_ANSWER");
}

function openPartial(file: string): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  try {
    const fd = openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
  } catch (error) {
    throw new OciError(
      "BAD_FILE",
      `can not write ${quote(file)} (${codeOf(error)}); choose another place with -o FILE`,
      { cause: error },
    );
  }
  throw new OciError("BAD_FILE", `${quote(file)} is no file; remove it`);
}

/** Bytes that are there; none when there are too many. */
function startOf(fd: number, size: number): number {
  const there = fstatSync(fd).size;
  if (there <= size) return there;
  ftruncateSync(fd, 0);
  return 0;
}

function contentOf(fd: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let at = 0;
  for (let got = -1; at < size && got !== 0; at += got)
    got = readSync(fd, bytes, at, size - at, at);
  return bytes.subarray(0, at);
}

interface Filling {
  readonly client: RegistryClient;
  readonly descriptor: Descriptor;
  readonly fd: number;
}

/** Asks for the rest until there is none. */
async function fill(filling: Filling): Promise<void> {
  const { client, descriptor, fd } = filling;
  const { size, digest } = descriptor;
  const end = Date.now() + TRANSFER_MS;
  let at = fstatSync(fd).size;
  let failures = 0;
  while (at < size) {
    const before = at;
    const cause = await problemOf(take(filling, at));
    at = fstatSync(fd).size;
    if (at >= size) return;
    failures = at > before ? 1 : failures + 1;
    if (failures >= MAX_TRIES || Date.now() > end)
      throw new OciError(
        "UNREACHABLE",
        `${client.registry} ended ${digest} at byte ${at} of ${size}; the same command goes on from there`,
        { cause },
      );
    await client.pause(failures);
  }
}

/** A broken connection, or nothing. Other errors stay errors. */
async function problemOf(work: Promise<void>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (isUnreachable(error)) return error;
    throw error;
  }
}

/** One request for the rest. */
async function take({ client, descriptor, fd }: Filling, from: number): Promise<void> {
  const { digest, size } = descriptor;
  const headers = from === 0 ? {} : { range: `bytes=${from}-` };
  const answer = await client.ask({ method: "GET", to: `blobs/${digest}`, headers });
  if (answer.status === 416 && from > 0) {
    drop(answer);
    ftruncateSync(fd, 0);
    return;
  }
  if (answer.status !== 200 && answer.status !== 206)
    throw await client.failure(answer, `content ${digest} in ${client.repository}`);
  const start = answer.status === 206 ? rangeStart(answer) : 0;
  if (start !== 0 && start !== from) {
    drop(answer);
    throw new OciError(
      "BAD_ANSWER",
      `${client.registry} gives another part of ${digest} than was asked for`,
    );
  }
  ftruncateSync(fd, start);
  await write(fd, { answer, start, size, digest });
}

function rangeStart(answer: Answer): number {
  const start = /^bytes (\d{1,15})-/.exec(headerOf(answer, "content-range") ?? "")?.[1];
  return start === undefined ? -1 : Number(start);
}

interface Writing {
  readonly answer: Answer;
  readonly start: number;
  readonly size: number;
  readonly digest: string;
}

async function write(fd: number, { answer, start, size, digest }: Writing): Promise<void> {
  let at = start;
  try {
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      if (at + piece.length > size)
        throw new OciError(
          "BAD_DIGEST",
          `${answer.url.host} gives more for ${digest} than its ${size} bytes`,
        );
      writeAll(fd, piece, at);
      at += piece.length;
    }
  } catch (error) {
    throw unreachable(answer.url, error);
  }
}

function writeAll(fd: number, piece: Buffer, at: number): void {
  try {
    for (let done = 0; done < piece.length; )
      done += writeSync(fd, piece, done, piece.length - done, at + done);
  } catch (error) {
    throw new OciError("BAD_FILE", `can not keep what was fetched (${codeOf(error)})`, {
      cause: error,
    });
  }
}
