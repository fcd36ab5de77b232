// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import {
  type Amd,
  amdExtensions,
  CRYPTO,
  certify,
  extension,
  makeAmd,
  NOW,
  party,
  sha256,
  snpReport,
} from "../../../test/helpers/vendor-chains.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { revocationName } from "./chain.ts";
import { CcError, type CcErrorCode } from "./errors.ts";
import { parseSnpReport, SNP_REPORT_BYTES, SNP_SIGNED_BYTES, snpTcb } from "./snp-report.ts";
import { type SnpOptions, type SnpVerdict, verifySnp } from "./snp-verify.ts";

const NONCE = new Uint8Array(createHash("sha512").update("nonce").digest());
const GUEST = createHash("sha384").update("guest").digest("hex");

describe("SEV-SNP reports", () => {
  let amd: Amd;
  let report: Buffer;
  const options = (more: Partial<SnpOptions> = {}): SnpOptions => ({
    crypto: CRYPTO,
    roots: [{ name: "look-alike", sha256: amd.root }],
    now: NOW,
    reportData: NONCE,
    measurements: [GUEST],
    ...more,
  });
  const check = (
    bytes: Uint8Array,
    more: Partial<SnpOptions> = {},
    chain: readonly Certificate[] = amd.chain,
  ): Promise<SnpVerdict> => verifySnp(bytes, chain, options(more));
  const refused = async (run: Promise<unknown>, code: CcErrorCode, message: RegExp) => {
    await assert.rejects(run, (error) => {
      assert.ok(error instanceof CcError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    });
  };
  /** The chain with another certificate for the chip's key. */
  const keyed = (extensions: readonly Buffer[]): readonly Certificate[] => [
    parseCertificate(certify({ subject: amd.vcek, issuer: amd.ask, extensions })),
    ...amd.chain.slice(1),
  ];

  before(() => {
    amd = makeAmd();
    report = snpReport(amd);
  });

  it("are taken when everything fits", async () => {
    const verdict = await check(report);
    assert.equal(verdict.root, "look-alike");
    assert.equal(verdict.product, "Milan-B0");
    assert.deepEqual(verdict.tcb, { bootloader: 3, tee: 0, snp: 8, microcode: 115 });
    assert.equal(verdict.signer, "vcek");
    assert.equal(verdict.gaps.length, 2);
    assert.deepEqual((await check(report, { revoked: new Set(), leastTcb: {} })).gaps, []);
  });

  it("are refused for what the guest or the verifier did not ask", async () => {
    await refused(
      check(report, { reportData: new Uint8Array(64) }),
      "WRONG_REPORT_DATA",
      /other data/,
    );
    await refused(check(report, { measurements: ["00"] }), "WRONG_MEASUREMENT", /not a known one/);
    const debug = snpReport(amd, (bytes) => bytes.writeBigUInt64LE(0xb0000n, 8));
    await refused(check(debug), "DEBUG", /host read the guest/);
    const agent = snpReport(amd, (bytes) => bytes.writeBigUInt64LE(0x70000n, 8));
    await refused(check(agent), "WRONG_POLICY", /migration agent/);
    await check(agent, { allowMigration: true });
    const low = snpReport(amd, (bytes) => bytes.writeUInt32LE(2, 0x30));
    await refused(check(low, { maxVmpl: 1 }), "WRONG_POLICY", /privilege level 2 is above 1/);
    await refused(check(low), "WRONG_POLICY", /privilege level 2 is above 0/);
    assert.equal((await check(low, { maxVmpl: 2 })).report.vmpl, 2);
    await refused(check(report, { leastTcb: { snp: 9 } }), "OLD_TCB", /level 8 of snp is below 9/);
  });

  it("are refused when the key is of another level or chip", async () => {
    const level = keyed(amdExtensions([3, 0, 7, 115], amd.chipId));
    await refused(check(report, {}, level), "WRONG_TCB", /level 8 of snp, .* for 7/);
    const none = keyed(amdExtensions([3, 0, 8], amd.chipId));
    await refused(check(report, {}, none), "WRONG_TCB", /level 115 of microcode, .* for none/);
    const chip = keyed(amdExtensions([3, 0, 8, 115], Buffer.alloc(64, 1)));
    await refused(check(report, {}, chip), "WRONG_CHIP", /its chip is not/);
    const nameless = keyed(amdExtensions([3, 0, 8, 115], amd.chipId).slice(0, -1));
    await refused(check(report, {}, nameless), "WRONG_CHIP", /its chip is not/);
  });

  it("of a provider's key are taken without a chip, and refused with one", async () => {
    const vlek = snpReport(amd, (bytes) => bytes.writeUInt32LE(1 << 2, 0x48));
    const chain = keyed(amdExtensions([3, 0, 8, 115], amd.chipId).slice(0, -1));
    assert.equal((await check(vlek, {}, chain)).signer, "vlek");
    await refused(check(vlek), "WRONG_CHIP", /certificate of a chip/);
    const nobody = snpReport(amd, (bytes) => bytes.writeUInt32LE(7 << 2, 0x48));
    await refused(check(nobody), "UNSUPPORTED", /no key of a chip or provider/);
  });

  it("of Turin count five parts, and name the chip by eight bytes", async () => {
    const bytes = snpReport(amd, (made) => {
      made.writeUInt32LE(3, 0);
      made[0x188] = 0x1a;
      Buffer.from([1, 2, 3, 4, 0, 0, 0, 5]).copy(made, 0x180);
      made.fill(0, 0x1a0 + 8, 0x1e0);
    });
    const chain = keyed(amdExtensions([2, 3, 4, 5, 1], amd.chipId.subarray(0, 8)));
    const { tcb } = await check(bytes, {}, chain);
    assert.deepEqual(tcb, { fmc: 1, bootloader: 2, tee: 3, snp: 4, microcode: 5 });
    assert.deepEqual(snpTcb(Uint8Array.of(1, 2, 0, 0, 0, 0, 3, 4), false), {
      bootloader: 1,
      tee: 2,
      snp: 3,
      microcode: 4,
    });
  });

  it("are refused for every bit that is flipped, and wherever they are cut", async () => {
    for (let at = 0; at < SNP_REPORT_BYTES; at++) {
      const flipped = Buffer.from(report);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      await assert.rejects(check(flipped), CcError, `byte ${at}`);
    }
    for (let size = 0; size < SNP_REPORT_BYTES; size++) {
      await refused(check(report.subarray(0, size)), "TRUNCATED", /ends within its/);
    }
    await refused(check(Buffer.concat([report, Buffer.of(0)])), "BAD_FORM", /more than 1184/);
    const changed = Buffer.from(report);
    changed[SNP_SIGNED_BYTES - 1] = 1;
    await refused(check(changed), "BAD_SIGNATURE", /not signed by the key/);
  });

  it("read as something or throw their own error, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1100, maxLength: 1200 }), (bytes) => {
        bytes.set([2, 0, 0, 0]);
        bytes.set([1, 0, 0, 0], 0x34);
        try {
          parseSnpReport(bytes);
        } catch (error) {
          assert.ok(error instanceof CcError, String(error));
        }
      }),
    );
  });

  it("are refused for chains that do not lead to the pinned root", async () => {
    const [key, ask, ark] = amd.chain;
    assert.ok(key && ask && ark);
    const other = [{ name: "other", sha256: sha256(Buffer.from("other")) }];
    await refused(check(report, { roots: other }), "UNTRUSTED_ROOT", /not a pinned root/);
    await refused(check(report, {}, [key, ask]), "UNTRUSTED_ROOT", /SEV-Lookalike/);
    await refused(check(report, {}, [key, ark]), "BAD_CHAIN", /not issued by/);
    await refused(check(report, {}, [ark]), "BAD_CHAIN", /needs a certificate and its root/);
    await refused(check(report, { now: NOW + 2e9 }), "EXPIRED", /SEV-VCEK is valid from/);
    await refused(check(report, { now: Number.NaN }), "EXPIRED", /is valid from/);
    await refused(check(report, { now: NOW - 2e9 }), "EXPIRED", /is valid from/);
    const revoked = new Set([revocationName(sha256(ark.raw), ask.serial)]);
    await refused(check(report, { revoked }), "REVOKED", /SEV-Lookalike is revoked/);
    // 00ff in the certificate, FF in what tools print
    const extensions = amdExtensions([3, 0, 8, 115], amd.chipId);
    const high = certify({ subject: amd.vcek, issuer: amd.ask, serial: 255, extensions });
    const ff = new Set([`${sha256(ask.raw)}:ff`]);
    await refused(
      check(report, { revoked: ff }, [parseCertificate(high), ask, ark]),
      "REVOKED",
      /SEV-VCEK is revoked/,
    );
    const wish = { subject: amd.vcek, issuer: amd.ask };
    const demanding = certify({ ...wish, extensions: [extension("1.2.3.4", Buffer.of(5), true)] });
    const odd = [parseCertificate(demanding), ask, ark];
    await refused(check(report, {}, odd), "UNSUPPORTED", /critical extension 1\.2\.3\.4/);
    // Somebody else with AMD's names, and with the chip's own key as an authority.
    const forger = party("SEV-Lookalike", "rsa");
    const forged = certify({
      subject: amd.vcek,
      issuer: forger,
      extensions: amdExtensions([3, 0, 8, 115], amd.chipId),
    });
    const chain = [parseCertificate(forged), ask, ark];
    await refused(check(report, {}, chain), "BAD_SIGNATURE", /not signed by/);
    const own = party("evil", "P-384");
    const below = certify({ subject: own, issuer: amd.vcek });
    await refused(
      check(report, {}, [parseCertificate(below), ...amd.chain]),
      "BAD_CHAIN",
      /may not sign/,
    );
  });
});
