// SPDX-License-Identifier: Apache-2.0
// Tokens of registries: what is shown to a token service, and what it gives for it.
import * as z from "zod/mini";
import { quote } from "../../base/quote.ts";
import type { Challenge } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { OciError } from "./errors.ts";
import { MAX_URL_CHARS, MAX_WORDS_BYTES } from "./limits.ts";
import {
  type Answer,
  bodyOf,
  drop,
  exchange,
  type Exchange,
  type Trust,
  wordsOf,
} from "./transport.ts";

export interface TokenRequest {
  readonly registry: string;
  readonly challenge: Challenge;
  /** What the token is wanted for. It is ours, not what the challenge suggests: that could be anything. */
  readonly scope: string;
  readonly credentials: Credentials | undefined;
  /** Whether the token service may be spoken to without TLS. */
  readonly plain: (url: URL) => boolean;
  readonly trust: Trust;
}

const answerSchema = () =>
  z.object({ token: z.optional(z.string()), access_token: z.optional(z.string()) });
/** What may stand in a header. */
const FIT = /^[\x21-\x7e]+$/;

/**
 * Fetches a token from the service that a registry named.
 * The service may be another host than the registry, as the protocol has it; it must be behind TLS where the registry is.
 * @throws OciError UNAUTHORIZED, BAD_ANSWER, BAD_REDIRECT, UNREACHABLE, TOO_LARGE
 */
export async function fetchToken(request: TokenRequest): Promise<string> {
  const { registry, trust } = request;
  const url = realmOf(request);
  const answer = await exchange(orderOf(url, request), trust);
  if (answer.status !== 200) throw await refusal(answer, request);
  const bytes = await bodyOf(answer, MAX_WORDS_BYTES, "a token");
  const token = tokenIn(bytes.toString("utf8"));
  if (token === undefined)
    throw new OciError(
      "BAD_ANSWER",
      `the token service ${quote(url.host)} of ${registry} gives no token`,
    );
  return token;
}

function realmOf({ challenge, registry, plain }: TokenRequest): URL {
  const realm = challenge.parameters.get("realm") ?? "";
  const url = realm.length <= MAX_URL_CHARS && URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || url.username !== "" || url.password !== "")
    throw new OciError(
      "BAD_ANSWER",
      `${registry} names a token service ${quote(realm, 100)} that is no address`,
    );
  if (url.protocol !== "https:" && !plain(url))
    throw new OciError(
      "BAD_REDIRECT",
      `${registry} names a token service ${quote(url.host)} without TLS; nothing was sent to it`,
    );
  return url;
}

function orderOf(url: URL, { challenge, scope, credentials }: TokenRequest): Exchange {
  const service = challenge.parameters.get("service");
  const words: Record<string, string> = { scope, ...(service === undefined ? {} : { service }) };
  if (credentials?.kind === "identity") {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: "galgo",
      refresh_token: credentials.token,
      ...words,
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { method: "POST", url, headers, body: Buffer.from(form.toString()) };
  }
  for (const [name, value] of Object.entries(words)) url.searchParams.set(name, value);
  return { method: "GET", url, headers: basicHeader(credentials) };
}

/** The header of basic authentication; none without a password. */
export function basicHeader(credentials: Credentials | undefined): Record<string, string> {
  if (credentials?.kind !== "password") return {};
  const { user, password } = credentials;
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}

async function refusal(answer: Answer, { registry, credentials }: TokenRequest): Promise<OciError> {
  const { status, url } = answer;
  if (status === 400 || status === 401 || status === 403) {
    const said = await wordsOf(answer);
    return new OciError(
      "UNAUTHORIZED",
      `${denied(registry, credentials)} (token service ${quote(url.host)}${said})`,
    );
  }
  drop(answer);
  return new OciError(
    "BAD_ANSWER",
    `the token service ${quote(url.host)} of ${registry} answers with status ${status}`,
  );
}

/** What is said when a registry lets nobody in, or not this one. */
export function denied(registry: string, credentials: Credentials | undefined): string {
  return credentials === undefined
    ? `${registry} wants to know who asks, and no credentials for it were found; docker login ${registry} or podman login ${registry} keeps some`
    : `${registry} does not accept the credentials that are kept for it, or not for this`;
}

function tokenIn(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = answerSchema().safeParse(value);
  if (!parsed.success) return undefined;
  const token = parsed.data.token ?? parsed.data.access_token;
  return token !== undefined && FIT.test(token) ? token : undefined;
}
