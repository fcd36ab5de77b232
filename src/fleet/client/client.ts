// SPDX-License-Identifier: Apache-2.0
// Asks a server of the fleet over its API. It loads nothing of the server.
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { CodedError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";

/** NO_SERVER: nobody answers there, or somebody else. NO_ACCESS: no token. REFUSED: in the words of the server, `facts.code` is its code. */
export class FleetClientError extends CodedError<
  "NO_SERVER" | "NO_ACCESS" | "REFUSED" | "BAD_ANSWER"
> {}

export interface FleetAccess {
  /** https://HOST:PORT */
  readonly url: string;
  readonly token: string;
  /** PEM of the CA that it is known by; undefined: those of the system. */
  readonly ca?: string;
}

/** Name of the file in DATA that says where the server is. */
export const SERVER_FILE = "server.json";
const MAX_ANSWER_BYTES: number = 64 * 1024 * 1024;
const SILENCE_MS = 60_000;

/** Access of the administrator of the server's machine. @throws FleetClientError NO_SERVER, NO_ACCESS */
export function accessOfData(dataRoot: string): FleetAccess {
  const server = readText(
    join(dataRoot, SERVER_FILE),
    "NO_SERVER",
    "is `galgo fleet serve --data` running there?",
  );
  const token = readText(join(dataRoot, "admin-token"), "NO_ACCESS", "only its user may read it");
  const { url, ca } = JSON.parse(server) as { readonly url: string; readonly ca: string };
  return { url, ca, token: token.trim() };
}

function readText(file: string, code: "NO_SERVER" | "NO_ACCESS", hint: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new FleetClientError(code, `${quote(file)} can not be read (${why}): ${hint}`, { cause });
  }
}

export class FleetClient {
  readonly #access: FleetAccess;

  constructor(access: FleetAccess) {
    this.#access = access;
  }

  get url(): string {
    return this.#access.url;
  }

  /** @param path below /api/v1/, without it: `hosts` @throws FleetClientError, as all of these */
  get<T>(path: string): Promise<T> {
    return this.#json("GET", path);
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.#json("POST", path, JSON.stringify(body), "application/json");
  }

  /** As `post`, of bytes as they are. */
  postBytes<T>(path: string, body: Uint8Array): Promise<T> {
    return this.#json("POST", path, body, "application/octet-stream");
  }

  /** What is answered, as it is. */
  async text(path: string): Promise<string> {
    const { status, text } = await this.#send("GET", path, undefined, undefined);
    if (status < 300) return text;
    const facts = { status, code: "" };
    throw new FleetClientError("REFUSED", `${quote(path, 200)}: it answered ${status}`, { facts });
  }

  delete<T>(path: string): Promise<T> {
    return this.#json("DELETE", path);
  }

  /** Sends bytes as they are. */
  put<T>(path: string, body: Uint8Array, type: string): Promise<T> {
    return this.#json("PUT", path, body, type);
  }

  async #json<T>(
    method: string,
    path: string,
    body?: string | Uint8Array,
    type?: string,
  ): Promise<T> {
    const { status, text } = await this.#send(method, path, body, type);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new FleetClientError(
        "BAD_ANSWER",
        `${this.url} answered ${status} and no JSON: is it a fleet?`,
        { cause },
      );
    }
    if (status < 300) return value as T;
    const { code = "", detail = `it answered ${status}` } = value as {
      code?: string;
      detail?: string;
    };
    throw new FleetClientError("REFUSED", quoteLine(detail), { facts: { status, code } });
  }

  #send(
    method: string,
    path: string,
    body: string | Uint8Array | undefined,
    type: string | undefined,
  ): Promise<{ status: number; text: string }> {
    const { url, token, ca } = this.#access;
    const headers = {
      authorization: `Bearer ${token}`,
      // the server reads nothing whose length was not said
      ...(method !== "GET" && { "content-length": Buffer.byteLength(body ?? "") }),
      ...(type !== undefined && { "content-type": type }),
    };
    return new Promise((done, fail) => {
      const lost = (error: Error): void =>
        fail(
          new FleetClientError("NO_SERVER", `no answer from ${quote(url, 200)}: ${error.message}`, {
            cause: error,
          }),
        );
      const options = { method, headers, agent: false, ...(ca !== undefined && { ca }) };
      const asked = request(new URL(`/api/v1/${path}`, url), options, (response) => {
        const parts: Buffer[] = [];
        let size = 0;
        response.on("data", (part: Buffer) => {
          size += part.length;
          if (size > MAX_ANSWER_BYTES) asked.destroy(new Error("its answer is too large"));
          else parts.push(part);
        });
        response.on("error", lost);
        response.on("end", () =>
          done({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") }),
        );
      });
      asked.setTimeout(SILENCE_MS, () => asked.destroy(new Error("it says nothing")));
      asked.on("error", lost);
      asked.end(body);
    });
  }
}

/** A sentence of the server holds quoted text already; what could turn a terminal does not pass. */
function quoteLine(text: string): string {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(text) ? text : quote(text, 2_000);
}
