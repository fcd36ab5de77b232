// SPDX-License-Identifier: Apache-2.0
// Joining over HTTPS: a token of the fleet for a key of this host. The token says by which certificate the fleet is known, so nothing is trusted at
// first sight: what does not carry that certificate's signature is not spoken with.
import { createHash, X509Certificate } from "node:crypto";
import { request } from "node:https";
import { quote } from "../../base/quote.ts";
import {
  type EnrolAnswer,
  type Labels,
  LinkError,
  parseEnrolToken,
  readEnrolAnswer,
} from "../../wire/link/index.ts";
import { FleetError } from "./errors.ts";
import { ENROL_MS, MAX_ENROL_BYTES } from "./limits.ts";
import type { Membership } from "./membership.ts";
import { type HostKey, newHostKey } from "./nkey.ts";

export interface EnrolRequest {
  /** Of the fleet (https). */
  readonly url: string;
  readonly token: string;
  /** Of the host, for people. */
  readonly name: string;
  readonly labels?: Labels;
  readonly group?: string;
}

export interface Enrolled {
  readonly membership: Membership;
  readonly key: HostKey;
  readonly jwt: string;
  /** PEM */
  readonly ca: string;
}

/** @throws FleetError BAD_TOKEN, UNREACHABLE, REFUSED, BAD_ANSWER */
export async function enrol(asked: EnrolRequest): Promise<Enrolled> {
  const url = fleetUrl(asked.url);
  const ca = await knownBy(url, caDigestOf(asked.token));
  const key = newHostKey();
  const { token, name, labels, group } = asked;
  const body = {
    v: 1,
    token: token.trim(),
    key: key.publicKey,
    name,
    ...(labels === undefined ? {} : { labels }),
    ...(group === undefined ? {} : { group }),
  };
  const answer = answerOf(await call({ url: new URL("enrol", url), ca, body }));
  return { membership: membershipOf(answer, { url, name }), key, jwt: answer.jwt, ca: answer.ca };
}

/** What is asked for over HTTPS by a host whose right to connect has ended. @returns the new one @throws FleetError as `enrol` */
export async function renewOverHttps(
  { url, host }: Pick<Membership, "url" | "host">,
  { key, ca, now }: { readonly key: HostKey; readonly ca: string; readonly now: number },
): Promise<string> {
  const sig = key.sign(`galgo-renew ${host} ${now}`);
  const answer = await call({ url: new URL("renew", url), ca, body: { host, at: now, sig } });
  const jwt = (answer as { readonly jwt?: unknown } | null)?.jwt;
  if (typeof jwt === "string") return jwt;
  throw new FleetError("BAD_ANSWER", `${quote(url)} answers without credentials`);
}

/** As it is kept: with a slash at its end. @throws FleetError UNREACHABLE */
export function fleetUrl(text: string): string {
  try {
    const url = new URL(text.endsWith("/") ? text : `${text}/`);
    if (url.protocol === "https:" && url.username === "" && url.search === "") return url.href;
  } catch {
    // said below
  }
  throw new FleetError(
    "UNREACHABLE",
    `${quote(text)} is not where a fleet can be: give its URL, https://HOST:PORT`,
  );
}

function caDigestOf(token: string): string {
  try {
    return parseEnrolToken(token).caDigest;
  } catch (cause) {
    const message = cause instanceof LinkError ? cause.message : String(cause);
    throw new FleetError("BAD_TOKEN", message, { cause });
  }
}

function membershipOf(
  answer: EnrolAnswer,
  { url, name }: Pick<EnrolRequest, "url" | "name">,
): Membership {
  const { host, fleet, servers, group, labels, commandKeys } = answer;
  return {
    ...{ host, name, fleet, url, servers, labels, commandKeys, joined: Date.now() },
    ...(group === undefined ? {} : { group }),
  };
}

function answerOf(value: unknown): EnrolAnswer {
  try {
    return readEnrolAnswer(value);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new FleetError("BAD_ANSWER", `the fleet answers something else: ${message}`, { cause });
  }
}

/** The certificate that the fleet shows as its own, when it is the one that the token names. */
async function knownBy(url: string, digest: string): Promise<string> {
  const pem = await call({ url: new URL("ca.pem", url), anybody: true });
  if (typeof pem === "string" && pem.includes("BEGIN CERTIFICATE")) {
    const found = certificateOf(pem, url);
    // that one alone: whoever is in between could show it, and one of his own behind it
    if (createHash("sha256").update(found.raw).digest("hex") === digest) return found.toString();
  }
  throw new FleetError(
    "REFUSED",
    `${quote(url)} is not the fleet that gave this token out: it is known by another certificate. Somebody may be in between; or ask for a new token`,
  );
}

function certificateOf(pem: string, url: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new FleetError("BAD_ANSWER", `${quote(url)} shows no certificate`, { cause });
  }
}

interface Call {
  readonly url: URL;
  readonly ca?: string;
  /** Whoever answers: what comes is checked by its digest. */
  readonly anybody?: true;
  readonly body?: object;
}

/** @returns parsed JSON, or text */
function call({ url, ca, anybody, body }: Call): Promise<unknown> {
  const text = body === undefined ? "" : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      {
        method: body === undefined ? "GET" : "POST",
        timeout: ENROL_MS,
        agent: false,
        headers: {
          "content-length": Buffer.byteLength(text),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(ca === undefined ? {} : { ca }),
        ...(anybody === true ? { rejectUnauthorized: false } : {}),
      },
      (answer) => {
        const pieces: Buffer[] = [];
        let bytes = 0;
        answer.on("data", (piece: Buffer) => {
          bytes += piece.length;
          pieces.push(piece);
          if (bytes > MAX_ENROL_BYTES)
            answer.destroy(new Error(`its answer has more than ${MAX_ENROL_BYTES} bytes`));
        });
        answer.on("error", fail);
        answer.on("end", () => {
          try {
            resolve(contentOf(url, answer.statusCode ?? 0, Buffer.concat(pieces).toString("utf8")));
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    const fail = (cause: Error): void => {
      const { code = cause.message } = cause as NodeJS.ErrnoException;
      const message = `can not speak with the fleet at ${quote(url.origin)} (${quote(code, 200)})`;
      reject(new FleetError("UNREACHABLE", message, { cause }));
    };
    asked.on("timeout", () => asked.destroy(new Error(`no answer for ${ENROL_MS} ms`)));
    asked.on("error", fail);
    asked.end(text);
  });
}

function contentOf(url: URL, status: number, text: string): unknown {
  const value = jsonOrText(text);
  if (status >= 200 && status < 300) return value;
  const { detail, words } = (typeof value === "object" ? (value ?? {}) : {}) as {
    readonly detail?: unknown;
    readonly words?: unknown;
  };
  const why = [detail, words].find((each) => typeof each === "string") ?? `status ${status}`;
  throw new FleetError("REFUSED", `the fleet at ${quote(url.origin)} refuses: ${quote(why, 500)}`, {
    facts: { status },
  });
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
