// SPDX-License-Identifier: Apache-2.0
// The registry of apt's docker-registry on loopback: TLS with a certificate of its own, one user with a password.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "./ports.ts";

export const USER = "ann";
export const PASSWORD = "s3cret";
/** Of USER and PASSWORD, as htpasswd -B writes it. */
const HTPASSWD = "ann:$2y$04$ZepAhyWxU0w0MHQf8r2jWu1Xn.8Bf2O/9.XhQTOUuWZKFiLY6M8hS\n";

export interface DockerRegistry {
  /** Host and port. */
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  /** The file with the certificate. */
  readonly caFile: string;
  readonly ca: string;
  /** An environment in which docker login was done with `password`. */
  loggedIn(password?: string): Record<string, string>;
  stop(): Promise<void>;
}

/** Why there is none here, or nothing. */
export function noDockerRegistry(): string | undefined {
  for (const command of ["docker-registry", "openssl"])
    if (spawnSync("which", [command]).status !== 0) return `${command} is not installed`;
  return undefined;
}

export async function startDockerRegistry(): Promise<DockerRegistry> {
  const folder = mkdtempSync(join(tmpdir(), "galgo-registry-"));
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const caFile = certificate(folder);
  const config = join(folder, "config.yml");
  writeFileSync(join(folder, "htpasswd"), HTPASSWD);
  writeFileSync(config, JSON.stringify(configuration(folder, host)));
  const child = spawn("docker-registry", ["serve", config], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  const said: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    said.push(line);
    if (line.includes("listening on")) break;
  }
  if (!said.some((line) => line.includes("listening on"))) throw new Error(said.join("\n"));
  child.stderr.resume();
  return {
    host,
    port,
    folder,
    caFile,
    ca: readFileSync(caFile, "utf8"),
    loggedIn: (password = PASSWORD) => loggedIn(folder, host, password),
    async stop() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

function configuration(folder: string, host: string): object {
  return {
    version: "0.1",
    log: { level: "info" },
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    http: {
      addr: host,
      secret: "of this test",
      tls: { certificate: join(folder, "cert.pem"), key: join(folder, "key.pem") },
    },
    auth: { htpasswd: { realm: "test", path: join(folder, "htpasswd") } },
  };
}

function certificate(folder: string): string {
  const cert = join(folder, "cert.pem");
  const names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const key = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    join(folder, "key.pem"),
  ];
  execFileSync("openssl", ["req", "-x509", "-days", "2", ...key, "-out", cert, ...names], {
    stdio: "ignore",
  });
  return cert;
}

function loggedIn(folder: string, host: string, password: string): Record<string, string> {
  const place = mkdtempSync(join(folder, "docker-"));
  mkdirSync(place, { recursive: true });
  const auth = Buffer.from(`${USER}:${password}`).toString("base64");
  writeFileSync(join(place, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
  return { DOCKER_CONFIG: place };
}

export interface Breaks {
  readonly afterBytes: number;
  readonly times: number;
  /** After that many cuts nothing is carried any more. */
  readonly forGood?: boolean;
}

export interface Wire {
  readonly host: string;
  /** Connections that carried more than `afterBytes` and were cut. */
  cuts: number;
  stop(): void;
}

/** A way to a port that breaks the first connections which carry more than so many bytes in one direction. */
export async function brittleWire(port: number, breaks: Breaks): Promise<Wire> {
  const { afterBytes, times, forGood = false } = breaks;
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("close", () => open.delete(socket)).on("error", () => undefined);
    }
    if (forGood && wire.cuts >= times) near.destroy();
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      let carried = 0;
      from.on("data", (bytes) => {
        carried += bytes.length;
        if (carried <= afterBytes || wire.cuts >= times) return;
        wire.cuts++;
        end();
      });
      from.pipe(to);
      from.on("close", end);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const wire: Wire = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cuts: 0,
    stop() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
  return wire;
}
