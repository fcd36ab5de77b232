// SPDX-License-Identifier: Apache-2.0
// A TPM as a platform: what it says of namespaces, and what happens when it is taken away, hangs, or begins anew.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { PlatformProver, TpmEvidence } from "../../src/attest/evidence/index.ts";
import type { PcrBank } from "../../src/attest/tpm/index.ts";
import { aggregateOf, checkQuote, HANDLE, replayPcr } from "../../src/attest/tpm/index.ts";
import { bytesToHex, hexToBytes } from "../../src/base/hex.ts";
import { readMeasurementList } from "../../src/quote/ima-list.ts";
import { nodeTpmCrypto as crypto, Tpm, TpmPlatform } from "../../src/quote/tpm/index.ts";
import { noSwtpm, Swtpm } from "../helpers/swtpm.ts";
import { shareTpm } from "../helpers/tpm-sharer.ts";

const BINDING = new TextEncoder().encode("what the evidence says");
const COEFFICIENTS = Array.from({ length: 40 }, (_, i) =>
  crypto.digest("sha256", Uint8Array.of(i)),
);

async function proof(prover: PlatformProver): Promise<TpmEvidence> {
  const evidence = await prover.prove(BINDING);
  assert.ok(evidence.kind === "tpm");
  return evidence;
}

function bankOf({ pcrs }: TpmEvidence): PcrBank {
  return {
    hash: "sha256",
    values: new Map(pcrs.map(({ index, value }) => [index, hexToBytes(value)])),
  };
}

/** What is wrong with the quote; empty: nothing. */
async function faults(evidence: TpmEvidence): Promise<readonly string[]> {
  const nonce = crypto.digest("sha256", BINDING);
  const given = { ...evidence, nonce, pcrs: bankOf(evidence), hierarchy: HANDLE.endorsement };
  return (await checkQuote(given, crypto)).refusals.map(({ reason }) => reason);
}

function pcr11({ pcrs }: TpmEvidence): string | undefined {
  return pcrs.find(({ index }) => index === 11)?.value;
}

/** What PCR 11 is by what the evidence says of it. */
function replayed({ start, coefficients = new Uint8Array(0) }: TpmEvidence): string {
  const list = Array.from({ length: coefficients.length / 32 }, (_, i) =>
    coefficients.subarray(32 * i, 32 * i + 32),
  );
  return bytesToHex(replayPcr("sha256", list, crypto, hexToBytes(start)));
}

describe("a TPM that vouches for namespaces", { skip: noSwtpm }, () => {
  let emulator: Swtpm;
  let platform: TpmPlatform;
  before(async () => {
    emulator = await Swtpm.start();
    const other = await Tpm.open(emulator.address);
    for (const pcr of [0, 4, 7, 11]) await other.extendPcr(pcr, BINDING);
    await other.close();
    platform = await TpmPlatform.open({ tpm: emulator.address });
  });
  after(async () => {
    await platform?.close();
    await emulator?.stop();
  });

  it("has the coefficients of one of them in PCR 11, after what others have left there", async () => {
    const root = await platform.prover({ root: true });
    root.extend?.(COEFFICIENTS.slice(0, 30));
    const first = await proof(root);
    root.extend?.(COEFFICIENTS.slice(30));
    const second = await proof(root);
    for (const [evidence, extended] of [
      [first, 30],
      [second, 40],
    ] as const) {
      assert.deepEqual(await faults(evidence), []);
      assert.equal(evidence.extended, extended);
      assert.equal(evidence.failure, undefined);
      assert.deepEqual(
        evidence.coefficients,
        new Uint8Array(Buffer.concat(COEFFICIENTS.slice(0, extended))),
      );
      assert.equal(pcr11(evidence), replayed(evidence));
      assert.equal(evidence.start, bytesToHex(replayPcr("sha256", [BINDING], crypto)));
    }
    await root.close();
  });

  it("says the aggregate of the boot that it quotes", async () => {
    const prover = await platform.prover({ root: false });
    const evidence = await proof(prover);
    for (const hash of ["sha256", "sha512"] as const)
      assert.equal(
        await platform.aggregate(hash),
        bytesToHex(aggregateOf(bankOf(evidence), hash, crypto)),
      );
  });

  it("vouches for others without their coefficients, and never for two at a time with them", async () => {
    const root = await platform.prover({ root: true });
    await assert.rejects(platform.prover({ root: true }), { code: "IN_USE" });
    const other = await platform.prover({ root: false });
    assert.equal(other.extend, undefined);
    root.extend?.(COEFFICIENTS);
    await proof(root);
    const evidence = await proof(other);
    assert.deepEqual(await faults(evidence), []);
    assert.equal(evidence.extended, 0);
    assert.equal(evidence.coefficients, undefined);
    assert.equal(evidence.start, pcr11(evidence));
    await root.close();
    const next = await platform.prover({ root: true });
    next.extend?.(COEFFICIENTS.slice(0, 2));
    const later = await proof(next);
    assert.equal(later.start, evidence.start);
    assert.equal(pcr11(later), replayed(later));
    await next.close();
  });

  it("leaves PCR 11 to the next one, although the last has more than it could take", async () => {
    const root = await platform.prover({ root: true });
    for (let i = 0; i < 100; i++) root.extend?.(COEFFICIENTS);
    await root.close();
    const next = await platform.prover({ root: true });
    next.extend?.(COEFFICIENTS.slice(0, 2));
    const evidence = await proof(next);
    assert.deepEqual([evidence.extended, evidence.failure], [2, undefined]);
    assert.equal(pcr11(evidence), replayed(evidence));
    await next.close();
  });

  it("takes coefficients of longer digests whole, and extends what the register holds of them", async () => {
    const long = COEFFICIENTS.map((each) => crypto.digest("sha512", each));
    const root = await platform.prover({ root: true });
    root.extend?.(long);
    const evidence = await proof(root);
    assert.deepEqual(evidence.coefficients, new Uint8Array(Buffer.concat(long)));
    const wanted = replayPcr("sha256", long, crypto, hexToBytes(evidence.start));
    assert.equal(pcr11(evidence), bytesToHex(wanted));
    await root.close();
  });
});

describe("a TPM in trouble", { skip: noSwtpm }, () => {
  let emulator: Swtpm;
  let platform: TpmPlatform;
  beforeEach(async () => {
    emulator = await Swtpm.start();
  });
  afterEach(async () => {
    emulator?.wake();
    await platform?.close();
    await emulator?.stop();
  });

  async function opened(proveMs?: number): Promise<TpmPlatform> {
    const options = { tpm: emulator.address, ...(proveMs === undefined ? {} : { proveMs }) };
    platform = await TpmPlatform.open(options);
    return platform;
  }

  it("that is too slow says how many coefficients it has taken", async () => {
    const many = Array.from({ length: 3_000 }, (_, i) =>
      crypto.digest("sha256", Uint8Array.of(i & 255, i >> 8)),
    );
    platform = await TpmPlatform.open({ tpm: emulator.address, drainMs: 1 });
    const root = await platform.prover({ root: true });
    root.extend?.(many);
    const first = await proof(root);
    assert.deepEqual(await faults(first), []);
    assert.ok(first.extended < many.length, `${first.extended} were taken within a millisecond`);
    assert.equal(first.failure, undefined);
    assert.equal(pcr11(first), replayed(first));
    let last = first;
    while (last.extended < many.length) last = await proof(root);
    assert.equal(pcr11(last), replayed(last));
  });

  it("that is taken away vouches for nothing, and stops nobody", async () => {
    const root = await (await opened()).prover({ root: true });
    root.extend?.(COEFFICIENTS.slice(0, 1));
    await proof(root);
    await emulator.kill();
    root.extend?.(COEFFICIENTS.slice(1));
    await assert.rejects(proof(root), { code: "NO_TPM", message: /no TPM at .*tpm\.sock/ });
    assert.match(await platform.aggregate("sha256"), /^[0-9a-f]{64}$/);
  });

  it("that was reset says that PCR 11 is not to be relied on", async () => {
    const root = await (await opened()).prover({ root: true });
    root.extend?.(COEFFICIENTS.slice(0, 5));
    await proof(root);
    await emulator.reset();
    root.extend?.(COEFFICIENTS.slice(5));
    const evidence = await proof(root);
    assert.deepEqual(await faults(evidence), []);
    assert.match(evidence.failure ?? "", /PCR 11 does not hold .*reset/);
    assert.notEqual(pcr11(evidence), replayed(evidence));
  });

  it("goes on after its connection was lost, with nothing missing and nothing twice", async () => {
    const root = await (await opened(500)).prover({ root: true });
    root.extend?.(COEFFICIENTS.slice(0, 5));
    await proof(root);
    emulator.hang();
    root.extend?.(COEFFICIENTS.slice(5, 9));
    await assert.rejects(proof(root), { code: "NO_ANSWER", message: /not answered within 0\.5 s/ });
    emulator.wake();
    root.extend?.(COEFFICIENTS.slice(9));
    const evidence = await proof(root);
    assert.deepEqual(await faults(evidence), []);
    assert.deepEqual([evidence.extended, evidence.failure], [COEFFICIENTS.length, undefined]);
    assert.equal(pcr11(evidence), replayed(evidence));
  });

  it("tells that somebody else has extended PCR 11", async () => {
    const shared = await shareTpm(emulator.address, join(emulator.folder, "shared.sock"));
    try {
      platform = await TpmPlatform.open({ tpm: shared.address });
      const root = await platform.prover({ root: true });
      root.extend?.(COEFFICIENTS.slice(0, 5));
      assert.equal((await proof(root)).failure, undefined);
      const other = await Tpm.open(shared.address);
      await other.extendPcr(11, BINDING);
      await other.close();
      root.extend?.(COEFFICIENTS.slice(5));
      const evidence = await proof(root);
      assert.deepEqual(await faults(evidence), []);
      assert.match(evidence.failure ?? "", /somebody else has extended it/);
    } finally {
      await shared.close();
    }
  });

  it("brings the kernel's measurement list along when that is asked for, and never goes without", async () => {
    platform = await TpmPlatform.open({ tpm: emulator.address, ima: true });
    const prover = await platform.prover({ root: false });
    try {
      readMeasurementList();
    } catch {
      await assert.rejects(proof(prover), {
        name: "CodedError",
        message: /measurement list|measured/,
      });
      return;
    }
    const evidence = await proof(prover);
    assert.deepEqual(await faults(evidence), []);
    assert.deepEqual(
      evidence.pcrs.map(({ index }) => index),
      Array.from({ length: 12 }, (_, i) => i),
    );
    assert.ok((evidence.ima?.length ?? 0) > 0);
  });

  it("that hangs when it is opened is not waited for", async () => {
    emulator.hang();
    const opening = TpmPlatform.open({ tpm: emulator.address, openMs: 300 });
    await assert.rejects(opening, { code: "NO_ANSWER" });
  });

  it("whose device hangs when it is opened is told of: an orderly end of the process would wait for it", async (t) => {
    const device = await Swtpm.startDevice();
    t.after(() => device.stop());
    device.hang();
    let hung = 0;
    const onHung = (): number => hung++;
    // within the first of them the thread may not have been loaded: then it hangs in nothing
    for (let openMs = 2_000; hung === 0 && openMs < 20_000; openMs *= 2) {
      const opening = TpmPlatform.open({ tpm: device.address, openMs, onHung });
      await assert.rejects(opening, { code: "NO_ANSWER" });
    }
    assert.equal(hung, 1);
  });

  it("is left as it was found: whoever opens it again finds places for keys", async () => {
    for (let i = 0; i < 5; i++) await (await opened()).close();
    const root = await (await opened()).prover({ root: true });
    assert.deepEqual(await faults(await proof(root)), []);
  });

  it("that is not there is named", async () => {
    await assert.rejects(TpmPlatform.open({ tpm: "/nowhere/tpmrm0" }), {
      code: "NO_TPM",
      message: /there is no such device/,
    });
    await assert.rejects(TpmPlatform.open({ tpm: "tpmrm0" }), { code: "BAD_ADDRESS" });
  });
});
