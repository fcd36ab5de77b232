// SPDX-License-Identifier: Apache-2.0
// A service that users log in at (OpenID Connect), which lies when it is told to.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, SignJWT, UnsecuredJWT } from "jose";

const keys = (): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } =>
  generateKeyPairSync("ec", { namedCurve: "P-256" });

export class OidcService {
  readonly issuer: string;
  /** What it says otherwise than it should. */
  lie: Readonly<Record<string, unknown>> = {};
  signature: "own" | "other" | "none" = "own";
  /** What the client has asked for. */
  asked: URLSearchParams = new URLSearchParams();
  readonly #server: Server;
  readonly #own = keys();
  readonly #other = keys();

  private constructor(server: Server) {
    this.#server = server;
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<OidcService> {
    const server = createServer();
    await new Promise<void>((go) => server.listen(0, "127.0.0.1", go));
    const service = new OidcService(server);
    server.on("request", (request, response) => {
      request.resume();
      void service.#answer(request.url ?? "").then((body) => {
        response.setHeader("content-type", "application/json");
        response.setHeader("connection", "close");
        response.end(JSON.stringify(body));
      });
    });
    return service;
  }

  async close(): Promise<void> {
    await new Promise((done) => this.#server.close(done));
  }

  async #answer(path: string): Promise<unknown> {
    const { issuer } = this;
    if (path === "/jwks") {
      const key = await exportJWK(this.#own.publicKey);
      return { keys: [{ ...key, kid: "1", alg: "ES256", use: "sig" }] };
    }
    if (path === "/token") {
      const token = await this.#idToken();
      return { access_token: "x", token_type: "bearer", expires_in: 60, id_token: token };
    }
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["ES256"],
    };
  }

  async #idToken(): Promise<string> {
    const seconds = Math.floor(Date.now() / 1_000);
    const claims = {
      ...{ iss: this.issuer, aud: "fleet", sub: "17", nonce: this.asked.get("nonce") },
      ...{ iat: seconds, exp: seconds + 60, preferred_username: "Eve", name: "Eve E." },
      ...{ groups: ["ops", "all"], ...this.lie },
    };
    if (this.signature === "none") return new UnsecuredJWT(claims).encode();
    const { privateKey } = this.signature === "own" ? this.#own : this.#other;
    return new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: "1" }).sign(privateKey);
  }
}
