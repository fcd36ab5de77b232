// SPDX-License-Identifier: Apache-2.0
// A registry in memory that can be told to behave badly: what a test puts into `rule` answers before it does.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

export type Rule = (seen: Seen, response: ServerResponse, request: IncomingMessage) => boolean;

interface Kept {
  readonly type: string;
  readonly bytes: Buffer;
}

export const sha256 = (bytes: Uint8Array): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";

export class FakeRegistry {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, Kept>();
  readonly seen: Seen[] = [];
  /** True when it has answered. */
  rule: Rule = () => false;
  /** Whether it keeps lists of referrers itself. */
  referrers = false;
  readonly #uploads = new Map<string, Buffer>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  /** Host and port. */
  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  put(name: string, type: string, value: unknown): string {
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
    const digest = sha256(bytes);
    this.manifests.set(name, { type, bytes });
    this.manifests.set(digest, { type, bytes });
    return digest;
  }

  /** An image that models can be for; returns its digest. */
  putImage(tag: string): string {
    const type = "application/vnd.oci.image.manifest.v1+json";
    const config = {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: sha256(Buffer.from("{}")),
      size: 2,
    };
    return this.put(tag, type, { schemaVersion: 2, mediaType: type, config, layers: [] });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    const seen = { method, path: url, authorization: headers.authorization, range: headers.range };
    this.seen.push(seen);
    if (this.rule(seen, response, request)) return;
    let body: Buffer;
    try {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      body = Buffer.concat(pieces);
    } catch {
      return;
    }
    const [path = "", query = ""] = url.split("?");
    const [kind = "", name = ""] = path.replace(/^\/v2\/app\//, "").split(/\/(.*)/s);
    if (kind === "manifests")
      this.#manifest(seen, { name, body, type: headers["content-type"] ?? "" }, response);
    else if (kind === "referrers" && this.referrers) this.#list(name, response);
    else if (kind === "blobs" && name.startsWith("uploads/"))
      this.#upload({ method, name, query, body }, response);
    else if (kind === "blobs") this.#blob(seen, name, response);
    else response.writeHead(404).end();
  }

  #blob({ method, range }: Seen, digest: string, response: ServerResponse): void {
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) return void response.writeHead(404).end();
    if (method === "HEAD")
      return void response.writeHead(200, { "content-length": bytes.length }).end();
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    if (from === 0)
      return void response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    const part = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(206, part).end(bytes.subarray(from));
  }

  #upload(
    { method, name, query, body }: { method: string; name: string; query: string; body: Buffer },
    response: ServerResponse,
  ): void {
    if (method === "POST") {
      const id = `uploads/u${this.#uploads.size}`;
      this.#uploads.set(id, Buffer.alloc(0));
      return void response.writeHead(202, { location: `/v2/app/blobs/${id}?state=a` }).end();
    }
    const before = this.#uploads.get(name);
    if (before === undefined) return void response.writeHead(404).end();
    const now = Buffer.concat([before, body]);
    this.#uploads.set(name, now);
    const where = {
      location: `/v2/app/blobs/${name}?state=b`,
      range: `0-${Math.max(now.length - 1, 0)}`,
    };
    if (method === "PATCH") return void response.writeHead(202, where).end();
    if (method === "GET") return void response.writeHead(204, where).end();
    const digest = new URLSearchParams(query).get("digest") ?? "";
    if (sha256(now) !== digest)
      return void response.writeHead(400).end('{"errors":[{"code":"DIGEST_INVALID"}]}');
    this.blobs.set(digest, now);
    response.writeHead(201).end();
  }

  #manifest(
    { method }: Seen,
    { name, body, type }: { name: string; body: Buffer; type: string },
    response: ServerResponse,
  ): void {
    if (method === "PUT") {
      const digest = this.put(name, type, body);
      const { subject } = JSON.parse(body.toString()) as { subject?: { digest: string } };
      const listed =
        this.referrers && subject !== undefined ? { "oci-subject": subject.digest } : {};
      return void response.writeHead(201, { "docker-content-digest": digest, ...listed }).end();
    }
    const kept = this.manifests.get(name);
    if (kept === undefined)
      return void response
        .writeHead(404)
        .end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
    response.writeHead(200, { "content-type": kept.type }).end(kept.bytes);
  }

  #list(image: string, response: ServerResponse): void {
    const found = new Map<string, object>();
    for (const { type, bytes } of this.manifests.values()) {
      const { subject, artifactType } = JSON.parse(bytes.toString()) as {
        subject?: { digest: string };
        artifactType?: string;
      };
      if (subject?.digest !== image) continue;
      found.set(sha256(bytes), {
        mediaType: type,
        digest: sha256(bytes),
        size: bytes.length,
        artifactType,
      });
    }
    const index = { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [...found.values()] };
    response.writeHead(200, { "content-type": INDEX_TYPE }).end(JSON.stringify(index));
  }
}
