// SPDX-License-Identifier: Apache-2.0
// Asks a registry about one repository: who one is, where it leads to, and again when it was not there.
import { setTimeout as pause } from "node:timers/promises";
import { quote } from "../../base/quote.ts";
import { parseChallenges } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { OciError } from "./errors.ts";
import { MAX_REDIRECTS, MAX_RETRY_AFTER_MS, MAX_TRIES, MAX_URL_CHARS, RETRY_MS } from "./limits.ts";
import { isLoopback } from "./reference.ts";
import { basicHeader, denied, fetchToken } from "./token.ts";
import {
  type Answer,
  drop,
  exchange,
  headerOf,
  type Method,
  type Trust,
  wordsOf,
} from "./transport.ts";

export interface ClientOptions extends Trust {
  readonly credentials?: Credentials;
  /** What is going to be done in the repository. */
  readonly actions: "pull" | "pull,push";
  /** Speak without TLS to a registry that is not this machine. To this machine it is done anyway, unless `ca` is given. */
  readonly plainHttp?: boolean;
  /** Time before the second try (ms). */
  readonly retryMs?: number;
}

export interface Ask {
  readonly method: Method;
  /** Below the repository ("manifests/v1"), or an address that the registry named. */
  readonly to: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Not made again when it fails, since half of it may have been done. */
  readonly once?: boolean;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** One repository of one registry. Every method throws OciError; its message is fit for people. */
export class RegistryClient {
  readonly registry: string;
  readonly repository: string;
  readonly #options: ClientOptions;
  readonly #base: URL;
  #authorization: string | undefined;

  constructor(registry: string, repository: string, options: ClientOptions) {
    this.registry = registry;
    this.repository = repository;
    this.#options = options;
    const local = isLoopback(registry) && options.ca === undefined;
    const plain = options.plainHttp === true || local;
    this.#base = new URL(`${plain ? "http" : "https"}://${registry}/v2/${repository}/`);
  }

  /** Time before the second try of something (ms). */
  get retryMs(): number {
    return this.#options.retryMs ?? RETRY_MS;
  }

  /**
   * Asks until there is an answer that is not "later". Statuses are the caller's, except 401.
   * @throws OciError UNREACHABLE, UNAUTHORIZED, BAD_REDIRECT, BAD_ANSWER
   */
  async ask(ask: Ask): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const last = attempt >= MAX_TRIES || ask.once === true;
      let answer: Answer;
      try {
        answer = await this.#asKnown(ask);
      } catch (error) {
        if (last || !isUnreachable(error)) throw error;
        await this.pause(attempt);
        continue;
      }
      if (last || !isLater(answer.status)) return answer;
      drop(answer);
      await this.pause(attempt, headerOf(answer, "retry-after"));
    }
  }

  /** Waits before another try. @param after what the registry said of when (seconds) */
  async pause(attempt: number, after?: string): Promise<void> {
    const asked = after !== undefined && /^\d{1,6}$/.test(after) ? Number(after) * 1_000 : 0;
    const own = this.retryMs * 2 ** (attempt - 1);
    await pause(Math.min(Math.max(asked, own), MAX_RETRY_AFTER_MS));
  }

  /** An address that an answer names, checked. @throws OciError BAD_ANSWER, BAD_REDIRECT */
  locationOf(answer: Answer): URL {
    const text = headerOf(answer, "location") ?? "";
    if (text === "" || text.length > MAX_URL_CHARS || !URL.canParse(text, answer.url.href))
      throw new OciError(
        "BAD_ANSWER",
        `${quote(answer.url.host)} answers with status ${answer.status} and no address to go to`,
      );
    const url = new URL(text, answer.url);
    if (
      url.username !== "" ||
      url.password !== "" ||
      !(url.protocol === "https:" || this.#mayBePlain(url))
    )
      throw new OciError(
        "BAD_REDIRECT",
        `${quote(answer.url.host)} leads to ${quote(`${url.protocol}//${url.host}`, 200)}, which is not followed: it must be https, without a name in it`,
      );
    return url;
  }

  /** What a status means that ends the work. @param what was wanted, for the message */
  async failure(answer: Answer, what: string): Promise<OciError> {
    const { status } = answer;
    const said = await wordsOf(answer);
    const { registry } = this;
    if (status === 401 || status === 403)
      return new OciError(
        "UNAUTHORIZED",
        `${denied(registry, this.#options.credentials)} (${what}${said})`,
      );
    if (status === 404) return new OciError("NOT_FOUND", `${registry} has no ${what}${said}`);
    if (status === 413)
      return new OciError("TOO_LARGE", `${what} is too large for ${registry}${said}`);
    const text = `${registry} answers with status ${status} to ${what}${said}${this.#hint(status)}`;
    return new OciError("REFUSED", text, { facts: { status } });
  }

  /** Servers with TLS answer so to those who come without. */
  #hint(status: number): string {
    return status === 400 && this.#base.protocol === "http:"
      ? " (it was spoken to without TLS; where it has TLS, name its authority with --ca FILE)"
      : "";
  }

  async #asKnown(ask: Ask): Promise<Answer> {
    const answer = await this.#follow(ask);
    if (answer.status !== 401 || answer.url.origin !== this.#base.origin) return answer;
    const challenge = headerOf(answer, "www-authenticate") ?? "";
    drop(answer);
    this.#authorization = await this.#answerTo(challenge);
    return this.#follow(ask);
  }

  async #answerTo(header: string): Promise<string> {
    const { credentials, actions } = this.#options;
    if (credentials?.kind === "bearer") return `Bearer ${credentials.token}`;
    for (const challenge of parseChallenges(header)) {
      if (challenge.scheme === "bearer") {
        const token = await fetchToken({
          registry: this.registry,
          challenge,
          scope: `repository:${this.repository}:${actions}`,
          credentials,
          plain: (url) => this.#mayBePlain(url),
          trust: this.#options,
        });
        return `Bearer ${token}`;
      }
      const basic =
        challenge.scheme === "basic" ? basicHeader(credentials)["authorization"] : undefined;
      if (basic !== undefined) return basic;
    }
    throw new OciError("UNAUTHORIZED", denied(this.registry, credentials));
  }

  async #follow(ask: Ask): Promise<Answer> {
    let url = ask.to instanceof URL ? ask.to : new URL(ask.to, this.#base);
    const { method, headers = {}, body } = ask;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      // another host is never told who asks
      const known = url.origin === this.#base.origin ? this.#authorization : undefined;
      const own = known === undefined ? {} : { authorization: known };
      const order = { method, url, headers: { ...headers, ...own } };
      const answer = await exchange(body === undefined ? order : { ...order, body }, this.#options);
      const moves = REDIRECTS.has(answer.status) && (method === "GET" || method === "HEAD");
      if (!moves) return answer;
      drop(answer);
      url = this.locationOf(answer);
    }
    throw new OciError(
      "BAD_REDIRECT",
      `${this.registry} leads on more than ${MAX_REDIRECTS} times`,
    );
  }

  /** Without TLS only where the registry itself is spoken to so, and only to this machine or because it was asked for. */
  #mayBePlain(url: URL): boolean {
    if (url.protocol !== "http:" || this.#base.protocol !== "http:") return false;
    return this.#options.plainHttp === true || isLoopback(url.host);
  }
}

function isLater(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501);
}

export function isUnreachable(error: unknown): boolean {
  return error instanceof OciError && error.code === "UNREACHABLE";
}
