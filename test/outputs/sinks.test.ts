// SPDX-License-Identifier: Apache-2.0
// Outputs against real servers on loopback: what arrives, what happens while the server is away or refuses, and that nothing is missing afterwards.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer as createHttp, type IncomingHttpHeaders, type Server } from "node:http";
import { type AddressInfo, createServer as createTcp, type Socket } from "node:net";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createServer as createTls } from "node:tls";
import type { OutputConfig } from "../../src/daemon/outputs/config.ts";
import { SinkError } from "../../src/daemon/outputs/errors.ts";
import type { Entry } from "../../src/daemon/outputs/journal/entry.ts";
import { openOutputs, type Outputs } from "../../src/daemon/outputs/outputs.ts";
import { syslogSink } from "../../src/daemon/outputs/sinks/syslog.ts";
import {
  eventually,
  FakeRun,
  openOutputPlace,
  opens,
  violationMark,
} from "../helpers/output-run.ts";
import { freePort } from "../helpers/ports.ts";

const place = openOutputPlace();
const opened: Outputs[] = [];
// what a test that failed has left open would keep this process
after(async () => {
  await Promise.all(opened.map((outputs) => outputs.close(0)));
  place.dispose();
});

/** Outputs of their own; `said` gets their notices. */
async function open(output: OutputConfig, said: string[] = []): Promise<Outputs> {
  const outputs = await openOutputs({
    folder: join(place.folder, `kept-${opened.length}`),
    journal: {},
    outputs: [{ records: ["forensics"], ...output }],
    version: "1.2.3",
    env: {},
    onNotice: (text) => said.push(text),
  });
  opened.push(outputs);
  return outputs;
}

/** A run with so many violations, journaled. */
function violations(outputs: Outputs, many: number): string[] {
  const run = new FakeRun(place.folder);
  outputs.started(run, "web runs");
  for (let at = 1; at <= many; at++) run.violates(opens(`/etc/secret-${at}`), violationMark(at));
  outputs.ended(run.ends());
  return Array.from({ length: many }, (_, at) => `${run.workload.run}/forensics/${2 * at + 2}`);
}

async function listen(
  server: NodeJS.EventEmitter & {
    listen(port: number, host: string): unknown;
    address(): unknown;
    unref(): unknown;
  },
  port = 0,
): Promise<number> {
  server.listen(port, "127.0.0.1");
  server.unref();
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Takes the messages of RFC 6587's octet counting out of a stream. */
function framesOf(socket: Socket, take: (message: string) => void): void {
  let waiting = Buffer.alloc(0);
  socket.on("error", () => undefined);
  socket.on("data", (piece: Buffer) => {
    waiting = Buffer.concat([waiting, piece]);
    for (;;) {
      const blank = waiting.indexOf(0x20);
      const size = Number(waiting.toString("utf8", 0, blank));
      if (blank < 0 || waiting.length < blank + 1 + size) return;
      take(waiting.toString("utf8", blank + 1, blank + 1 + size));
      waiting = waiting.subarray(blank + 1 + size);
    }
  });
}

const idOf = (message: string): string => /galgo@32473 id="([^"]+)"/.exec(message)?.[1] ?? message;

describe("syslog", () => {
  it("sends datagrams by UDP", async () => {
    const server = createSocket("udp4");
    const got: string[] = [];
    server.on("message", (bytes) => got.push(bytes.toString("utf8")));
    server.unref();
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    const outputs = await open({
      kind: "syslog",
      address: `udp://127.0.0.1:${server.address().port}`,
    });
    const ids = violations(outputs, 3);
    await eventually(() => got.length === 3);
    await outputs.close();
    server.close();
    assert.deepEqual(got.map(idOf), ids);
    assert.match(
      got[0] ?? "",
      /^<84>1 .* \ufeffviolation 1 of web: \/usr\/bin\/worker opens \/etc\/secret-1 for reading: denied$/,
    );
  });

  it("says that a name is not found, and gives its descriptor back", async () => {
    const sink = syslogSink({ transport: "udp", host: "a..b", port: 9 });
    const { signal } = new AbortController();
    const sending = (): Promise<void> =>
      assert.rejects(
        sink.send([], signal),
        (error) => error instanceof SinkError && /a\.\.b/.test(error.message),
      );
    await sending();
    const before = readdirSync("/proc/self/fd").length;
    for (let at = 0; at < 5; at++) await sending();
    assert.ok(readdirSync("/proc/self/fd").length <= before);
  });

  it("sends to the local socket of the machine, and waits when it is full", async () => {
    const path = join(place.folder, "log");
    const reads = `import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(${JSON.stringify(path)})\nprint("ready",flush=True)\nfor i in range(60): print(s.recv(65536).decode(),flush=True)`;
    const server = spawn("python3", ["-c", reads], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    server.stdout.on("data", (piece: Buffer) => {
      said += piece.toString("utf8");
    });
    const gone = once(server, "exit");
    await eventually(() => said.startsWith("ready\n"));
    const outputs = await open({ kind: "syslog", address: `unix://${path}`, facility: "local3" });
    // net.unix.max_dgram_qlen is 10 on many machines
    const ids = violations(outputs, 60);
    await gone;
    await outputs.close();
    assert.deepEqual(said.trim().split("\n").slice(1).map(idOf), ids);
    assert.match(said, /^<156>1 /m);
  });

  it("sends by TCP what a receiver that broke off may not have read once more, also when nothing new comes", async () => {
    const got: string[] = [];
    const sockets: Socket[] = [];
    const server = createTcp((socket) => {
      sockets.push(socket);
      framesOf(socket, (message) => got.push(idOf(message)));
    });
    const port = await listen(server);
    const outputs = await open({ kind: "syslog", address: `tcp://127.0.0.1:${port}` });
    const ids = violations(outputs, 3);
    await eventually(() => got.length === 3);
    for (const socket of sockets) socket.resetAndDestroy();
    await eventually(() => got.length === 6);
    const more = violations(outputs, 1);
    await eventually(() => got.length === 7);
    await outputs.close();
    server.close();
    assert.deepEqual(got, [...ids, ...ids, ...more]);
  });

  it("sends by TLS to who has the certificate that was asked for, and to nobody else", async () => {
    const [key, cert] = [join(place.folder, "key.pem"), join(place.folder, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    execFileSync(
      "openssl",
      [...request, "-nodes", "-days", "2", "-keyout", key, "-out", cert, ...subject],
      { stdio: "ignore" },
    );
    const got: string[] = [];
    const server = createTls({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) =>
      framesOf(socket, (message) => got.push(idOf(message))),
    );
    server.on("tlsClientError", () => undefined);
    const port = await listen(server);
    const address = `tls://localhost:${port}`;
    const said: string[] = [];
    const wary = await open({ kind: "syslog", address }, said);
    violations(wary, 1);
    await eventually(() => said.length > 0);
    assert.match(said[0] ?? "", /self.signed certificate/);
    await wary.close(0);
    const outputs = await open({ kind: "syslog", address, ca: cert });
    const ids = violations(outputs, 2);
    await eventually(() => got.length === 2);
    await outputs.close();
    server.close();
    assert.deepEqual(got, ids);
  });
});

interface Posted {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly status: number;
}

/** Answers each POST as `statusOf` says: of its body, and how many came before. */
function receiver(statusOf: (body: string, before: number) => number): {
  server: Server;
  posted: Posted[];
} {
  const posted: Posted[] = [];
  const server = createHttp((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (piece: string) => {
      body += piece;
    });
    request.on("end", () => {
      const status = statusOf(body, posted.length);
      posted.push({ headers: request.headers, body, status });
      response.statusCode = status;
      response.end(status >= 400 ? "no thanks" : "");
    });
  });
  return { server, posted };
}

const idsIn = ({ body }: Posted): string[] =>
  body
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as Entry).id);

describe("the webhook", () => {
  it("signs what it sends, and sends again what was not taken", async () => {
    const secret = join(place.folder, "secret");
    writeFileSync(secret, "open sesame\n");
    const { server, posted } = receiver((_, before) => [503, 429][before] ?? 204);
    const port = await listen(server);
    const said: string[] = [];
    const outputs = await open(
      {
        kind: "webhook",
        url: `http://127.0.0.1:${port}/in?token=t`,
        "secret-file": secret,
        headers: { "x-tenant": "7" },
      },
      said,
    );
    const ids = violations(outputs, 3);
    await eventually(() => said.some((text) => text.includes("again")));
    await outputs.close();
    server.close();
    assert.equal(posted.length, 3);
    for (const each of posted) {
      assert.deepEqual(idsIn(each), ids);
      const { headers, body } = each;
      const [, time, mac] =
        /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["galgo-signature"])) ?? [];
      assert.equal(
        mac,
        createHmac("sha256", "open sesame").update(`${time}.${body}`).digest("hex"),
      );
      assert.equal(headers["content-type"], "application/x-ndjson");
      assert.equal(headers["x-tenant"], "7");
      assert.deepEqual([headers["galgo-first"], headers["galgo-last"]], [ids[0], ids[2]]);
    }
    assert.ok(
      said.every((text) => !text.includes("token")),
      "what may be a secret is not told",
    );
    assert.match(said[0] ?? "", /HTTP 503/);
  });

  it("waits for a server that is not there", async () => {
    const port = await freePort();
    const said: string[] = [];
    const outputs = await open(
      { kind: "webhook", url: `http://127.0.0.1:${port}/`, body: "json" },
      said,
    );
    const ids = violations(outputs, 2);
    await eventually(() => said.length > 0);
    assert.match(said[0] ?? "", /ECONNREFUSED/);
    assert.equal(outputs.status().outputs[0]?.connected, false);
    const { server, posted } = receiver(() => 204);
    await listen(server, port);
    await eventually(() => posted.length === 1);
    await outputs.close();
    server.close();
    const entries = JSON.parse(posted[0]?.body ?? "") as Entry[];
    assert.deepEqual(
      entries.map(({ id }) => id),
      ids,
    );
  });

  it("finds the entry that its receiver does not want, leaves it out, and says and counts it", async () => {
    const { server, posted } = receiver((body) => (body.includes("/etc/secret-4 ") ? 422 : 204));
    const port = await listen(server);
    const said: string[] = [];
    const outputs = await open({ kind: "webhook", url: `http://127.0.0.1:${port}/` }, said);
    const ids = violations(outputs, 7);
    await eventually(() => outputs.status().outputs[0]?.waiting === 0);
    const { sent, refused, dropped } = outputs.status().outputs[0] ?? assert.fail();
    await outputs.close();
    server.close();
    const taken = posted.filter(({ status }) => status === 204).flatMap(idsIn);
    assert.deepEqual(taken.sort(), ids.filter((_, at) => at !== 3).sort());
    assert.deepEqual({ sent, refused, dropped }, { sent: 6, refused: 1, dropped: 0 });
    assert.ok(
      said.some((text) => /1 record is left out \("HTTP 422 /.test(text)),
      said.join("\n"),
    );
  });
});

describe("a file", () => {
  it("is made anew when it was moved away, and cut where a crash left a part of a line", async () => {
    const path = join(place.folder, "out.jsonl");
    writeFileSync(path, '{"whole": 1}\n{"apiVersion":"galgo.dev/v1","seq":7,"id":"2');
    const outputs = await open({ kind: "file", path });
    const first = violations(outputs, 2);
    await eventually(() => outputs.status().outputs[0]?.sent === 2);
    renameSync(path, `${path}.1`);
    const second = violations(outputs, 1);
    await eventually(() => outputs.status().outputs[0]?.sent === 3);
    await outputs.close();
    const ids = (file: string): (string | undefined)[] =>
      readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as Partial<Entry>).id);
    assert.deepEqual(ids(`${path}.1`), [undefined, ...first]);
    assert.deepEqual(ids(path), second);
  });

  it("that somebody else has begun loses nothing", async () => {
    const path = join(place.folder, "settings.json");
    writeFileSync(path, '{"theirs": 1}');
    const outputs = await open({ kind: "file", path });
    violations(outputs, 1);
    await eventually(() => outputs.status().outputs[0]?.sent === 1);
    await outputs.close();
    assert.match(readFileSync(path, "utf8"), /^\{"theirs": 1\}\n\{"apiVersion":.*\}\n$/);
  });

  it("that can not be written stops nothing else, and is said once", async () => {
    const said: string[] = [];
    const outputs = await open({ kind: "file", path: "/proc/galgo/out" }, said);
    violations(outputs, 1);
    await eventually(() => (outputs.status().outputs[0]?.failures ?? 0) >= 2);
    await outputs.close(0);
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /can not write/);
  });
});
