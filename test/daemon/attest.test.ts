// SPDX-License-Identifier: Apache-2.0
// Evidence of workloads of a daemon: what it says, who gets it, with which key, and what a reload changes.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { type Evidence, openEatJwt } from "../../src/attest/evidence/index.ts";
import { attestPart } from "../../src/daemon/attest/part.ts";
import type { DaemonClient } from "../../src/daemon/client/index.ts";
import { type Daemon, daemonHost } from "../../src/daemon/index.ts";
import type { RunHost } from "../../src/orchestrator/run-host.ts";
import { nodeTokenKeys } from "../../src/quote/token-signer.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";
import { aSigner, type TestSigner } from "../helpers/signing.ts";

const ORDER = { nonce: "00112233445566778899aabbccddeeff", form: "jwt" } as const;
const place = new DaemonPlace();
const [first, second] = [aSigner("ES256"), aSigner("Ed25519")];
const keyFile = join(place.folder, "key.pem");
let daemon: Daemon;
let client: DaemonClient;

before(async () => {
  configure("");
  daemon = await place.start({ configFile: place.config, parts: [attestPart] });
  client = place.client;
});

after(async () => {
  for (const run of daemon.registry.list()) run.kill("the test is over");
  await daemon.stop("the test is over");
  place.remove();
});

function configure(section: string): void {
  place.configure(section === "" ? "" : `[attest]\nplatform = "none"\n${section}\n`);
}

/** The key of the daemon from the next reload on. */
async function useKey(signer: TestSigner): Promise<void> {
  writeFileSync(keyFile, signer.privatePem, { mode: 0o600 });
  configure(`key = "${keyFile}"`);
  await client.reload();
}

async function evidenceOf(name: string, signer: TestSigner): Promise<Evidence> {
  const { form, evidence } = await client.evidence(name, ORDER);
  assert.equal(form, "jwt");
  return (await openEatJwt(evidence, nodeTokenKeys([signer.key]))).evidence;
}

/** Settles when the workload has done that. */
async function seen(id: string, text: string): Promise<void> {
  for await (const line of client.lines(id, "trajectory", { follow: true }))
    if (line.includes(text)) return;
}

const loop = (go: string): string => `while [ ! -e ${go} ]; do sleep 0.05; done`;

describe("evidence from a daemon", () => {
  it("is not given without a key, and with one from the reload on", async () => {
    const run = place.launch(daemon, ["sleep", "1000"], { name: "sleeper" });
    await run.started;
    await seen(run.id, "sleep");
    await assert.rejects(client.evidence("sleeper", ORDER), /no evidence: .*\[attest\] key/);
    await useKey(first);
    const evidence = await evidenceOf("sleeper", first);
    assert.deepEqual(evidence.platform, { kind: "none", why: "no platform was asked for" });
    assert.equal(evidence.workload.id, run.id);
    await useKey(second);
    await assert.rejects(evidenceOf("sleeper", first), /no key .* is trusted/);
    assert.equal((await evidenceOf("sleeper", second)).workload.id, run.id);
    run.kill("seen");
    await run.ended;
    await assert.rejects(client.evidence("sleeper", ORDER), /no workload sleeper runs here/);
  });

  it("says what the daemon says of the workload, orders included", async () => {
    const go = join(place.folder, "go");
    const script = `${loop(go)}; cat /etc/hostname; ${loop(`${go}2`)}`;
    const run = place.launch(daemon, ["sh", "-c", script], { name: "ordered" });
    await run.started;
    await seen(run.id, "sleep");
    await client.control("ordered", { verb: "enforce" });
    // nothing is refused as long as the model may grow
    const grows = await evidenceOf("ordered", second);
    assert.deepEqual([grows.mode, grows.sealed, grows.model], ["free", false, undefined]);
    await client.control("ordered", { verb: "seal" });
    const status = await client.workload("ordered");
    const enforced = await evidenceOf("ordered", second);
    assert.deepEqual([enforced.mode, enforced.sealed], ["enforce", true]);
    assert.equal(enforced.state, status.state);
    assert.deepEqual(enforced.fidelity, status.fidelity);
    writeFileSync(go, "");
    for await (const _ of client.lines(run.id, "forensics", { follow: true })) break;
    const violated = await evidenceOf("ordered", second);
    assert.ok(violated.counts.violations > 0);
    assert.notEqual(violated.state, enforced.state);
    writeFileSync(`${go}2`, "");
    const { outcome } = await run.ended;
    assert.ok(outcome.counts.violations >= violated.counts.violations);
  });

  it("says what the run began with, whatever becomes of its file", async () => {
    const run = place.launch(daemon, ["sleep", "1000"], { name: "rewritten" });
    await run.started;
    await seen(run.id, "sleep");
    const file = run.directory.run;
    const record = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...record, name: "other", started: "2001-01-01" }));
    const { workload, started } = await evidenceOf("rewritten", second);
    assert.equal(workload.name, "rewritten");
    assert.equal(started, Math.floor(Date.parse(String(record["started"])) / 1_000));
    run.kill("seen");
    await run.ended;
  });

  it("is not given of a run that can not succeed any more, though it goes on", async () => {
    const own = daemonHost(daemon.context);
    let fails = (_: string): void => assert.fail("there is no worker");
    const startWorker: RunHost["startWorker"] = (setup, callbacks, transfer) => {
      fails = (message) => callbacks.onFailed(message);
      return own.startWorker(setup, callbacks, transfer);
    };
    const words = ["sleep", "1000"];
    const host = { ...own, startWorker };
    const run = place.launch(daemon, words, { name: "failing" }, { host });
    await run.started;
    await seen(run.id, "sleep");
    fails("no space is left for its records");
    await assert.rejects(client.evidence("failing", ORDER), /nothing is said of it now/);
    run.kill("seen");
    await assert.rejects(run.ended, /no space is left for its records/);
  });

  it("is not given to a workload that asks", async () => {
    const body = JSON.stringify(ORDER);
    const ask = `curl -s --unix-socket ${daemon.sockets.api} -d '${body}' http://x/v1/workloads/inside/attest >$0/said`;
    const run = place.launch(daemon, ["sh", "-c", ask, place.folder], { name: "inside" });
    await run.ended;
    assert.match(readFileSync(join(place.folder, "said"), "utf8"), /may not give orders/);
  });

  it("needs an order that makes sense", async () => {
    const run = place.launch(daemon, ["sleep", "1000"], { name: "asked" });
    await run.started;
    await assert.rejects(client.evidence("asked", { ...ORDER, nonce: "0011" }), /8 to 64 bytes/);
    await assert.rejects(client.evidence("nobody", ORDER), /no workload nobody runs here/);
    run.kill("seen");
    await run.ended;
  });

  it("is not begun for a workload that has ended while the order came", async () => {
    const run = place.launch(daemon, ["sleep", "1000"], { name: "gone" });
    await run.started;
    const body = JSON.stringify(ORDER);
    const asked = request({
      socketPath: daemon.sockets.api,
      path: "/v1/workloads/gone/attest",
      method: "POST",
      headers: { "content-length": body.length },
    });
    asked.flushHeaders();
    // answered after the headers were read
    await client.health();
    run.kill("seen");
    await run.ended;
    const answered = once(asked, "response");
    asked.end(body);
    const [answer] = (await answered) as [IncomingMessage];
    assert.equal(answer.statusCode, 404, await text(answer));
  });

  it("comes with the key and the platform that it began with where others can not be used", async () => {
    writeFileSync(keyFile, "no key", { mode: 0o600 });
    await assert.rejects(client.reload(), /\[attest\] key: .*not the PEM text of a private key/);
    writeFileSync(keyFile, second.privatePem);
    place.configure(`[attest]\nkey = "${keyFile}"\nplatform = "tpm"\ntpm = "unix:/nowhere"\n`);
    await assert.rejects(client.reload(), /platform, tpm, ima and root .* restart it/);
    place.configure('[attest]\nkey = "key.pem"\n');
    await assert.rejects(client.reload(), /line 2: .*an absolute path/);
    await useKey(second);
  });
});

describe("a daemon", () => {
  it("does not start without the platform that it was told to have", async (t) => {
    const other = new DaemonPlace();
    t.after(() => other.remove());
    const key = join(other.folder, "key.pem");
    writeFileSync(key, first.privatePem, { mode: 0o600 });
    other.configure(
      `[attest]\nkey = "${key}"\nplatform = "tpm"\ntpm = "unix:${other.folder}/none"\n`,
    );
    const options = { configFile: other.config, parts: [attestPart] };
    await assert.rejects(other.start(options), /there is no TPM|none/);
  });
});
