// SPDX-License-Identifier: Apache-2.0
// One request and its answer over HTTP: no redirects, no credentials of its own, no decompression, and an end to waiting.
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { quote } from "../../base/quote.ts";
import { codeOf, OciError } from "./errors.ts";
import { ANSWER_MS, IDLE_MS, MAX_SHOWN_WORDS, MAX_WORDS_BYTES, TRANSFER_MS } from "./limits.ts";

export type Method = "GET" | "HEAD" | "POST" | "PATCH" | "PUT";

export interface Exchange {
  readonly method: Method;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface Trust {
  /** PEM text of the authorities that are believed instead of the usual ones. */
  readonly ca?: string;
  /** Time without a byte after which the connection counts as gone (ms). */
  readonly idleMs?: number;
}

/** An answer whose body has not been read: read it, or `drop` it. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Where it came from. */
  readonly url: URL;
  readonly body: IncomingMessage;
}

/** Makes one request. @throws OciError UNREACHABLE */
export function exchange(order: Exchange, trust: Trust = {}): Promise<Answer> {
  const { method, url, headers, body } = order;
  const secure = url.protocol === "https:";
  const length = body === undefined ? {} : { "content-length": String(body.length) };
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)(
      url,
      {
        method,
        agent: false,
        headers: { "accept-encoding": "identity", "user-agent": "galgo", ...length, ...headers },
        timeout: trust.idleMs ?? IDLE_MS,
        signal: AbortSignal.timeout(TRANSFER_MS),
        ...(secure && trust.ca !== undefined ? { ca: trust.ca } : {}),
      },
      (answer) =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, url, body: answer }),
    );
    request.on("timeout", () => request.destroy(silence(url)));
    request.on("error", (error) => reject(unreachable(url, error)));
    request.end(body);
  });
}

/** The whole body. @param what for messages @throws OciError TOO_LARGE, UNREACHABLE */
export async function bodyOf(answer: Answer, max: number, what: string): Promise<Buffer> {
  const { body, headers, url } = answer;
  const tooLarge = () =>
    new OciError("TOO_LARGE", `${what} from ${url.host} is larger than ${max} bytes`);
  if (Number(headers["content-length"] ?? 0) > max) {
    drop(answer);
    throw tooLarge();
  }
  const pieces: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => body.destroy(silence(url)), ANSWER_MS);
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > max) throw tooLarge();
      pieces.push(piece);
    }
  } catch (error) {
    throw unreachable(url, error);
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(pieces);
}

/** Ends an answer whose body nobody wants. */
export function drop({ body }: Answer): void {
  body.on("error", () => undefined);
  body.destroy();
}

/** One header with one value, or nothing. */
export function headerOf({ headers }: Answer, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** The registry's own words for a refusal, quoted and cut; "" when it has none. */
export async function wordsOf(answer: Answer): Promise<string> {
  let text: string;
  try {
    text = (await bodyOf(answer, MAX_WORDS_BYTES, "an error")).toString("utf8");
  } catch {
    return "";
  }
  const said = fromJson(text) ?? "";
  return said === "" ? "" : `: ${quote(said, MAX_SHOWN_WORDS)}`;
}

function fromJson(text: string): string | undefined {
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown }[] };
    const { code, message } = errors?.[0] ?? {};
    return [code, message].filter((part) => typeof part === "string" && part !== "").join(" ");
  } catch {
    return undefined;
  }
}

/** A failed connection as an error of this stage; errors of this stage stay as they are. */
export function unreachable(url: URL, error: unknown): OciError {
  if (error instanceof OciError) return error;
  const { name } = error as Error;
  const why =
    name === "AbortError" || name === "TimeoutError" ? "it takes too long" : codeOf(error);
  return new OciError("UNREACHABLE", `no answer from ${quote(url.host)} (${why})${advice(why)}`, {
    cause: error,
  });
}

const UNKNOWN_AUTHORITY =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT.*)$/;
const NO_TLS = new Set(["EPROTO", "ERR_SSL_WRONG_VERSION_NUMBER"]);

/** What helps against some failures of TLS. */
function advice(code: string): string {
  if (UNKNOWN_AUTHORITY.test(code))
    return "; nobody here knows who made its certificate: name its authority with --ca FILE";
  return NO_TLS.has(code) ? "; where it speaks without TLS, and may: --plain-http" : "";
}

function silence(url: URL): OciError {
  return new OciError("UNREACHABLE", `no answer from ${quote(url.host)} (it says nothing)`);
}
