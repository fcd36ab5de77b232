// SPDX-License-Identifier: Apache-2.0
// The commands against a TPM in software, and the verifier's checks on what it gave.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  aggregateOf,
  challengeFor,
  checkQuote,
  concat,
  HANDLE,
  makeCredential,
  nameOf,
  parsePublic,
  qualifiedNameOf,
  replayPcr,
} from "../../src/attest/tpm/index.ts";
import type { QuoteCase } from "../../src/attest/tpm/index.ts";
import { nodeTpmCrypto as crypto, Tpm, TpmRefusal } from "../../src/quote/tpm/index.ts";
import type { KeyFamily } from "../../src/quote/tpm/index.ts";
import { noSwtpm, Swtpm } from "../helpers/swtpm.ts";

const FAMILIES: readonly KeyFamily[] = ["ecc", "rsa"];
const QUOTED = [0, 1, 2, 3, 4, 5, 6, 7, 11];
const digest = (text: string): Uint8Array =>
  crypto.digest("sha256", new TextEncoder().encode(text));

describe("a TPM", { skip: noSwtpm }, () => {
  let emulator: Swtpm;
  let tpm: Tpm;
  before(async () => {
    emulator = await Swtpm.start();
    tpm = await Tpm.open(emulator.address);
  });
  after(async () => {
    await tpm?.close();
    await emulator?.stop();
  });

  it("may be started twice", async () => {
    await tpm.startup();
    await tpm.startup();
  });

  it("gives as many random bytes as asked for", async () => {
    const first = await tpm.random(100);
    assert.equal(first.length, 100);
    assert.notDeepEqual(await tpm.random(100), first);
    await assert.rejects(tpm.random(0), RangeError);
  });

  it("has PCRs that are what was extended into them, in that order", async () => {
    const coefficients = ["one", "two", "three"].map(digest);
    const start = (await tpm.readPcrs({ hash: "sha256", pcrs: [11] })).values.get(11);
    for (const coefficient of coefficients)
      await tpm.extendPcr(11, coefficient, ["sha256", "sha1"]);
    const { values } = await tpm.readPcrs({ hash: "sha256", pcrs: QUOTED });
    assert.deepEqual(
      [...values.keys()].sort((a, b) => a - b),
      QUOTED,
    );
    assert.deepEqual(values.get(11), replayPcr("sha256", coefficients, crypto, start));
    assert.notDeepEqual(
      values.get(11),
      replayPcr("sha256", coefficients.toReversed(), crypto, start),
    );
    const old = await tpm.readPcrs({ hash: "sha1", pcrs: [11] });
    assert.deepEqual(old.values.get(11), replayPcr("sha1", coefficients, crypto));
  });

  it("gives an aggregate that is the digest of PCR 0 to 7", async () => {
    const bank = await tpm.readPcrs({ hash: "sha256", pcrs: QUOTED });
    const joined = concat(
      QUOTED.slice(0, 8).map((pcr) => bank.values.get(pcr) ?? new Uint8Array(0)),
    );
    assert.deepEqual(aggregateOf(bank, "sha384", crypto), crypto.digest("sha384", joined));
  });

  for (const family of FAMILIES) {
    it(`quotes with an ${family} key, which is the same when made again`, async () => {
      const key = await tpm.createAttestationKey(family);
      try {
        const names = await tpm.readPublic(key.handle);
        const area = parsePublic(key.public);
        assert.deepEqual(names.public, key.public);
        assert.deepEqual(nameOf(area, crypto), names.name);
        assert.deepEqual(qualifiedNameOf(area, HANDLE.endorsement, crypto), names.qualifiedName);
        const again = await tpm.createAttestationKey(family);
        await tpm.flush(again.handle);
        assert.deepEqual(again.public, key.public);

        const nonce = await tpm.random(32);
        const pcrs = await tpm.readPcrs({ hash: "sha256", pcrs: QUOTED });
        const quoted = await tpm.quote(key.handle, nonce, { hash: "sha256", pcrs: QUOTED });
        const good: QuoteCase = {
          ...quoted,
          akPublic: key.public,
          nonce,
          pcrs,
          hierarchy: HANDLE.endorsement,
        };
        const { refusals, quote } = await checkQuote(good, crypto);
        assert.deepEqual(refusals, []);
        assert.deepEqual(quote?.selections, [{ hash: "sha256", pcrs: QUOTED }]);
        const owned = await checkQuote({ ...good, hierarchy: HANDLE.owner }, crypto);
        assert.deepEqual(
          owned.refusals.map((each) => each.reason),
          ["WRONG_SIGNER"],
        );
      } finally {
        await tpm.flush(key.handle);
      }
    });

    it(`opens a credential for its ${family} endorsement key and its attestation key`, async () => {
      const endorsement = await tpm.createEndorsementKey(family);
      const attestation = await tpm.createAttestationKey("ecc");
      const { handle: ek } = endorsement;
      const { handle: ak } = attestation;
      try {
        const area = parsePublic(endorsement.public);
        const challenge = challengeFor(area, parsePublic(attestation.public), crypto);
        const answer = await tpm.activateCredential(ak, ek, challenge);
        assert.deepEqual(answer, challenge.answer);

        const other = makeCredential(
          area,
          concat([Uint8Array.of(0, 11), digest("other")]),
          digest("x"),
          crypto,
        );
        await assert.rejects(
          tpm.activateCredential(ak, ek, other),
          /refused TPM2_ActivateCredential with TPM_RC_INTEGRITY for parameter 1/,
        );
        const { name } = await tpm.readPublic(ak);
        const byTpm = await tpm.makeCredential(ek, digest("secret"), name);
        assert.deepEqual(await tpm.activateCredential(ak, ek, byTpm), digest("secret"));
      } finally {
        await tpm.flush(ak);
        await tpm.flush(ek);
      }
    });
  }

  it("says by name why it refuses", async () => {
    await assert.rejects(tpm.readPublic(0x80000007), { code: "REFUSED", response: "TPM_RC_VALUE" });
    await assert.rejects(
      tpm.extendPcr(24, digest("x")),
      /refused TPM2_PCR_Extend with TPM_RC_VALUE for handle 1/,
    );
    await assert.rejects(tpm.createPrimary(new Uint8Array(4)), TpmRefusal);
    await assert.rejects(tpm.readPcrs({ hash: "sha256", pcrs: [24] }), /no PCR 24; use 0 to 23/);
  });
});

describe("a TPM behind a character device", { skip: noSwtpm }, () => {
  it("does the same, and is gone when it is gone", async (t) => {
    const emulator = await Swtpm.startDevice();
    t.after(() => emulator.stop());
    const tpm = await Tpm.open(emulator.address);
    t.after(() => tpm.close());
    await tpm.startup();
    const [first, bank, second] = await Promise.all([
      tpm.random(32),
      tpm.readPcrs({ hash: "sha256", pcrs: QUOTED }),
      tpm.random(32),
    ]);
    assert.notDeepEqual(first, second);
    assert.equal(bank.values.size, QUOTED.length);
    const key = await tpm.createAttestationKey("ecc");
    const quoted = await tpm.quote(key.handle, first, { hash: "sha256", pcrs: QUOTED });
    const given = { ...quoted, akPublic: key.public, nonce: first, pcrs: bank };
    assert.deepEqual((await checkQuote(given, crypto)).refusals, []);
    await emulator.kill();
    await assert.rejects(tpm.random(1), { code: "GONE" });
  });
});
