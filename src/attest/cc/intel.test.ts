// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { CRYPTO, NOW, party, pem } from "../../../test/helpers/vendor-chains.ts";
import {
  type Intel,
  intelQuote,
  makeIntel,
  QE_SIGNER,
  type QuoteForm,
} from "../../../test/helpers/vendor-quotes.ts";
import { CcError, type CcErrorCode } from "./errors.ts";
import { parseIntelQuote } from "./intel-quote.ts";
import { type IntelOptions, type IntelVerdict, verifyIntelQuote } from "./intel-verify.ts";

const NONCE = new Uint8Array(createHash("sha512").update("nonce").digest());
const FORMS: readonly QuoteForm[] = ["sgx3", "sgx4", "tdx4", "tdx5", "tdx5-1.5"];

describe("SGX and TDX quotes", () => {
  let intel: Intel;
  const check = (bytes: Uint8Array, more: Partial<IntelOptions> = {}): Promise<IntelVerdict> =>
    verifyIntelQuote(bytes, {
      crypto: CRYPTO,
      roots: [{ name: "look-alike", sha256: intel.root }],
      now: NOW,
      reportData: NONCE,
      quotingEnclaves: {
        sgx: { signer: QE_SIGNER, productId: 1, leastVersion: 8 },
        tdx: { signer: QE_SIGNER, productId: 2, leastVersion: 8 },
      },
      ...more,
    });
  const refused = async (run: Promise<unknown>, code: CcErrorCode, message: RegExp) => {
    await assert.rejects(run, (error) => {
      assert.ok(error instanceof CcError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    });
  };
  before(() => {
    intel = makeIntel();
  });

  for (const form of FORMS) {
    it(`of form ${form} are taken when everything fits`, async () => {
      const verdict = await check(intelQuote(intel, form));
      assert.equal(verdict.kind, form.slice(0, 3));
      assert.equal(verdict.version, Number(form.at(3)));
      assert.equal(verdict.root, "look-alike");
      assert.equal(verdict.platform.fmspc, "00906ed50000");
      assert.equal(verdict.platform.pceSvn, 13);
      assert.deepEqual(
        verdict.platform.components,
        Array.from({ length: 16 }, (_, i) => i + 1),
      );
      const guest = form.startsWith("sgx")
        ? createHash("sha256").update("enclave").digest("hex")
        : createHash("sha384").update("guest").digest("hex");
      assert.equal(Buffer.from(verdict.body.measurement).toString("hex"), guest);
      assert.equal("serviceTd" in verdict.body, form === "tdx5-1.5");
      assert.equal(verdict.gaps.length, form.startsWith("sgx") ? 3 : 4);
      await check(Buffer.concat([intelQuote(intel, form), Buffer.alloc(100)]));
    });

    it(`of form ${form} are refused for flipped bits and wherever they are cut`, async () => {
      const quote = intelQuote(intel, form);
      const certificates = quote.indexOf("-----BEGIN");
      for (let at = 0; at < certificates; at += form === "tdx5" ? 3 : 13) {
        const flipped = Buffer.from(quote);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
        await assert.rejects(check(flipped), CcError, `byte ${at}`);
      }
      for (let size = 0; size < quote.length; size += 5) {
        await refused(check(quote.subarray(0, size)), "TRUNCATED", /ends within its/);
      }
    });
  }

  it("are refused for what the guest or the verifier did not ask", async () => {
    const tdx = intelQuote(intel, "tdx4");
    await refused(
      check(tdx, { reportData: new Uint8Array(64) }),
      "WRONG_REPORT_DATA",
      /other data/,
    );
    await refused(check(tdx, { measurements: ["aa"] }), "WRONG_MEASUREMENT", /not a known one/);
    await refused(check(tdx, { leastTcb: { pce: 14 } }), "OLD_TCB", /PCE of level 13, below 14/);
    const components = [1, 3];
    await refused(
      check(tdx, { leastTcb: { components } }),
      "OLD_TCB",
      /component 2 has level 2, below 3/,
    );
    const debug = intelQuote(intel, "tdx4", { body: (body) => body.writeUInt8(1, 120) });
    await refused(check(debug), "DEBUG", /its host may read/);
    // bits that no module sets today mean the same
    const profiled = intelQuote(intel, "tdx4", { body: (body) => body.writeUInt8(0x20, 120) });
    await refused(check(profiled), "DEBUG", /its host may read/);
    const moving = intelQuote(intel, "tdx4", { body: (body) => body.writeUInt8(0x20, 123) });
    await refused(check(moving), "WRONG_POLICY", /moved to another machine/);
    const enclave = intelQuote(intel, "sgx3", { body: (body) => body.writeUInt8(7, 48) });
    await refused(check(enclave), "DEBUG", /its host may read/);
    const unborn = intelQuote(intel, "sgx3", { body: (body) => body.writeUInt8(4, 48) });
    await refused(check(unborn), "BAD_FORM", /never completed/);
    const module = intelQuote(intel, "tdx4", { body: (body) => body.writeUInt8(1, 64) });
    await refused(check(module), "WRONG_POLICY", /TDX module that Intel did not sign/);
    const open = intelQuote(intel, "tdx5-1.5", { body: (body) => body.writeUInt8(1, 112) });
    await refused(check(open), "WRONG_POLICY", /TDX module with attributes 0x1/);
  });

  it("are refused for another quoting enclave", async () => {
    const vendor = intelQuote(intel, "tdx4", { header: (header) => header.fill(1, 12, 28) });
    await refused(check(vendor), "WRONG_QE", /vendor 0101/);
    const signer = intelQuote(intel, "tdx4", { qe: (qe) => qe.fill(1, 128, 160) });
    await refused(check(signer), "WRONG_QE", /quoting enclave 2 of 0101/);
    const product = intelQuote(intel, "tdx4", { qe: (qe) => qe.writeUInt16LE(1, 256) });
    await refused(check(product), "WRONG_QE", /quoting enclave 1 of/);
    const old = intelQuote(intel, "tdx4", { qe: (qe) => qe.writeUInt16LE(7, 258) });
    await refused(check(old), "OLD_TCB", /version 7, below 8/);
    const debug = intelQuote(intel, "tdx4", { qe: (qe) => qe.writeUInt8(0x17, 48) });
    await refused(check(debug), "WRONG_QE", /attributes 0x17, not Intel's/);
    const plain = intelQuote(intel, "tdx4", { qe: (qe) => qe.writeUInt8(5, 48) });
    await refused(check(plain), "WRONG_QE", /attributes 0x5, not Intel's/);
    const bound = intelQuote(intel, "tdx4", { qe: (qe) => qe.fill(0, 320, 352) });
    await refused(check(bound), "BAD_BINDING", /not the one the quoting enclave vouches for/);
    const key = party("another key", "P-256");
    const quote = intelQuote({ ...intel, key }, "tdx4");
    const good = intelQuote(intel, "tdx4");
    // Another's signature and key in a quote whose enclave vouched for the first.
    const swapped = Buffer.concat([quote.subarray(0, 636 + 128), good.subarray(636 + 128)]);
    await refused(check(swapped), "BAD_BINDING", /vouches for/);
  });

  it("are refused for other chains", async () => {
    const other = makeIntel();
    const foreign = intelQuote(other, "tdx4");
    await refused(check(foreign), "UNTRUSTED_ROOT", /Lookalike SGX Root CA.*not a pinned root/);
    const mixed = intelQuote(other, "tdx4", { pem: pem(intel.certificates) });
    await refused(check(mixed), "BAD_SIGNATURE", /report is not signed by the PCK/);
    const none = intelQuote(intel, "tdx4", { pem: "" });
    await refused(check(none), "BAD_CHAIN", /needs a certificate/);
    const leaf = intelQuote(intel, "tdx4", { pem: pem(intel.certificates.slice(0, 1)) });
    await refused(check(leaf), "BAD_CHAIN", /needs a certificate and its root/);
    const many = intelQuote(intel, "tdx4", { pem: pem(intel.certificates).repeat(3) });
    await refused(check(many), "TOO_LARGE", /more than 8 certificates/);
  });

  it("of other forms are refused by name", async () => {
    const edit = (at: number, value: number): Buffer =>
      intelQuote(intel, "sgx3", { header: (header) => header.writeUInt16LE(value, at) });
    await refused(check(edit(0, 2)), "UNSUPPORTED", /version 2/);
    await refused(check(edit(2, 3)), "UNSUPPORTED", /attestation key of kind 3/);
    await refused(
      check(edit(4, 0x81)),
      "UNSUPPORTED",
      /machine of kind 129 in a quote of version 3/,
    );
    const kind = intelQuote(intel, "tdx5");
    kind.writeUInt16LE(3, 48);
    await refused(check(kind), "BAD_FORM", /body of kind 3 with 584 bytes/);
    await refused(check(new Uint8Array(70_000)), "TOO_LARGE", /more than 65536/);
    const longer = Buffer.concat([intelQuote(intel, "tdx4"), Buffer.of(1)]);
    await refused(check(longer), "BAD_FORM", /bytes after its end/);
  });

  it("read as something or throw their own error, whatever the bytes", () => {
    const quote = intelQuote(intel, "tdx5");
    const edit = fc.tuple(fc.nat({ max: quote.length - 1 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 700 }),
        fc.array(edit, { maxLength: 6 }),
        (any, edits) => {
          const edited = Buffer.from(quote);
          for (const [at, value] of edits) edited[at] = value;
          for (const bytes of [any, edited]) {
            try {
              parseIntelQuote(bytes);
            } catch (error) {
              assert.ok(error instanceof CcError, String(error));
            }
          }
        },
      ),
    );
  });
});
