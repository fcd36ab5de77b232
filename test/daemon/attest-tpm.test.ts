// SPDX-License-Identifier: Apache-2.0
// A daemon whose evidence a TPM vouches for: one workload has PCR 11, all have the quote, and none notices that the TPM is gone.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  type Evidence,
  openEatJwt,
  platformBinding,
  type TpmEvidence,
} from "../../src/attest/evidence/index.ts";
import { aggregateOf, checkQuote, HANDLE, replayPcr } from "../../src/attest/tpm/index.ts";
import { bytesToHex, hexToBytes } from "../../src/base/hex.ts";
import { attestPart } from "../../src/daemon/attest/part.ts";
import type { Daemon } from "../../src/daemon/index.ts";
import type { ManagedRun } from "../../src/daemon/registry/managed-run.ts";
import { nodeTpmCrypto as crypto } from "../../src/quote/tpm/index.ts";
import { nodeTokenKeys } from "../../src/quote/token-signer.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";
import { aSigner } from "../helpers/signing.ts";
import { noSwtpm, Swtpm } from "../helpers/swtpm.ts";

const ORDER = { nonce: "00112233445566778899aabbccddeeff", form: "jwt" } as const;
const DIGEST_BYTES = 32;

describe("a daemon with a TPM", { skip: noSwtpm }, () => {
  const place = new DaemonPlace();
  const signer = aSigner("ES256");
  let emulator: Swtpm;
  let daemon: Daemon;

  before(async () => {
    emulator = await Swtpm.start();
    const key = join(place.folder, "key.pem");
    writeFileSync(key, signer.privatePem, { mode: 0o600 });
    const words = [`key = "${key}"`, 'platform = "tpm"', `tpm = "${emulator.address}"`];
    place.configure(["[attest]", ...words, 'root = "web"', ""].join("\n"));
    daemon = await place.start({ configFile: place.config, parts: [attestPart] });
  });
  after(async () => {
    for (const run of daemon?.registry.list() ?? []) run.kill("the test is over");
    await daemon?.stop("the test is over");
    await emulator?.stop();
    place.remove();
  });

  async function started(name: string): Promise<ManagedRun> {
    const run = place.launch(daemon, ["sleep", "1000"], { name });
    await run.started;
    for await (const line of place.client.lines(run.id, "trajectory", { follow: true }))
      if (line.includes("sleep")) break;
    return run;
  }

  /** Evidence whose quote is right, and whose aggregate is that of the quoted registers. */
  async function evidenceOf(name: string): Promise<Evidence & { readonly platform: TpmEvidence }> {
    const said = await place.client.evidence(name, ORDER);
    const keys = nodeTokenKeys([signer.key]);
    const { evidence, signature } = await openEatJwt(said.evidence, keys);
    const { platform, ...claims } = evidence;
    assert.ok(platform.kind === "tpm");
    const values = new Map(platform.pcrs.map(({ index, value }) => [index, hexToBytes(value)]));
    const pcrs = { hash: "sha256", values } as const;
    const nonce = crypto.digest("sha256", platformBinding(claims, signature.kid));
    const quote = { ...platform, nonce, pcrs, hierarchy: HANDLE.endorsement };
    assert.deepEqual((await checkQuote(quote, crypto)).refusals, []);
    assert.equal(evidence.aggregate, bytesToHex(aggregateOf(pcrs, "sha256", crypto)));
    return { ...evidence, platform };
  }

  /** What PCR 11 is by what is said of it. */
  function replayed({ start, extended, coefficients }: TpmEvidence): string {
    const list = Array.from({ length: extended }, (_, i) =>
      (coefficients ?? new Uint8Array(0)).subarray(DIGEST_BYTES * i, DIGEST_BYTES * (i + 1)),
    );
    return bytesToHex(replayPcr("sha256", list, crypto, hexToBytes(start)));
  }

  const pcr11 = ({ pcrs }: TpmEvidence) => pcrs.find(({ index }) => index === 11)?.value;

  it("has the coefficients of the workload that is named in PCR 11, and of no other", async () => {
    const [web, other] = [await started("web"), await started("other")];
    const first = await evidenceOf("web");
    assert.equal(first.platform.extended, first.counts.points);
    assert.ok(first.platform.extended > 0);
    assert.equal(pcr11(first.platform), replayed(first.platform));
    const second = await evidenceOf("other");
    assert.ok(second.counts.points > 0);
    assert.equal(second.platform.extended, 0);
    assert.equal(second.platform.start, pcr11(second.platform));
    assert.deepEqual(second.platform.akPublic, first.platform.akPublic);
    web.kill("seen");
    await web.ended;
    await started("web");
    const third = await evidenceOf("web");
    assert.equal(third.platform.start, pcr11(first.platform));
    assert.equal(pcr11(third.platform), replayed(third.platform));
    other.kill("seen");
    await other.ended;
  });

  it("gives no evidence once the TPM is gone, and goes on with everything else", async () => {
    await emulator.kill();
    await assert.rejects(place.client.evidence("web", ORDER), /does not vouch for the run: .*TPM/);
    const run = place.launch(daemon, ["sh", "-c", "exit 7"], { name: "later" });
    const { outcome } = await run.ended;
    assert.deepEqual(outcome.exit, { code: 7 });
    assert.match((await run.ended).record.aggregate ?? "", /^[0-9a-f]{64}$/);
  });
});
