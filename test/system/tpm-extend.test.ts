// SPDX-License-Identifier: Apache-2.0
// Coefficients go into a PCR in the background, and a quote taken meanwhile is of one instant.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { checkQuote, replayPcr } from "../../src/attest/tpm/index.ts";
import {
  nodeTpmCrypto as crypto,
  PcrExtender,
  quoteValues,
  Tpm,
} from "../../src/quote/tpm/index.ts";
import { noSwtpm, Swtpm } from "../helpers/swtpm.ts";

const SELECTION = { hash: "sha256", pcrs: [0, 1, 2, 3, 4, 5, 6, 7, 11] } as const;
const NONCE = new Uint8Array(32).fill(9);
const DIGESTS = Array.from({ length: 300 }, (_, i) =>
  crypto.digest("sha256", Uint8Array.of(i & 255, i >> 8)),
);

describe("coefficients", { skip: noSwtpm }, () => {
  let emulator: Swtpm;
  let tpm: Tpm;
  beforeEach(async () => {
    emulator = await Swtpm.start();
    tpm = await Tpm.open(emulator.address);
  });
  afterEach(async () => {
    await tpm?.close();
    await emulator?.stop();
  });

  it("are in the PCR up to where it is said, whenever it is quoted", async () => {
    await tpm.extendPcr(11, NONCE);
    const extender = await PcrExtender.begin(tpm);
    const key = await tpm.createAttestationKey("ecc");
    for (const digest of DIGESTS) extender.add(digest);
    assert.deepEqual(extender.state, { extended: 0, waiting: DIGESTS.length, failure: undefined });
    const seen: number[] = [];
    while (extender.state.waiting > 0) {
      const { extended, result } = await extender.between(() =>
        quoteValues(tpm, key.handle, NONCE, SELECTION),
      );
      const { refusals } = await checkQuote(
        { ...result, akPublic: key.public, nonce: NONCE },
        crypto,
      );
      assert.deepEqual(refusals, []);
      const replayed = replayPcr("sha256", DIGESTS.slice(0, extended), crypto, extender.start);
      assert.deepEqual(result.pcrs.values.get(11), replayed);
      seen.push(extended);
    }
    assert.ok(
      seen.some((extended) => extended < DIGESTS.length),
      "no quote was taken on the way",
    );
    await extender.settled();
    const { values } = await tpm.readPcrs({ hash: "sha256", pcrs: [11] });
    assert.deepEqual(values.get(11), replayPcr("sha256", DIGESTS, crypto, extender.start));
    assert.equal(extender.state.extended, DIGESTS.length);
  });

  it("that can not be extended any more are counted, and later ones are not taken", async () => {
    const extender = await PcrExtender.begin(tpm);
    extender.add(NONCE);
    await extender.settled();
    await emulator.kill();
    for (const digest of DIGESTS) extender.add(digest);
    await extender.settled();
    extender.add(NONCE);
    const { extended, waiting, failure } = extender.state;
    assert.deepEqual([extended, waiting], [1, DIGESTS.length + 1]);
    assert.match(String(failure), /the TPM at .* closed the connection|went away/);
  });

  it("that come faster than the TPM takes them are counted, too", async () => {
    const extender = await PcrExtender.begin(tpm, { maxWaiting: 4 });
    for (const digest of DIGESTS) extender.add(digest);
    await extender.settled();
    const { extended, waiting, failure } = extender.state;
    assert.equal(extended + waiting, DIGESTS.length);
    assert.match(
      String(failure),
      /4 coefficients wait to be extended into PCR 11: the TPM is too slow/,
    );
    const { values } = await tpm.readPcrs({ hash: "sha256", pcrs: [11] });
    assert.deepEqual(values.get(11), replayPcr("sha256", DIGESTS.slice(0, extended), crypto));
  });

  it("of others do not spoil a quote with its values", async () => {
    const key = await tpm.createAttestationKey("ecc");
    const others = DIGESTS.slice(0, 3).map((digest) => tpm.extendPcr(11, digest));
    const quoted = await quoteValues(tpm, key.handle, NONCE, SELECTION);
    const { refusals } = await checkQuote(
      { ...quoted, akPublic: key.public, nonce: NONCE },
      crypto,
    );
    assert.deepEqual(refusals, []);
    await Promise.all(others);
  });
});
