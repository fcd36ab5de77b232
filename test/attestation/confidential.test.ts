// SPDX-License-Identifier: Apache-2.0
// Evidence that a confidential machine vouches for, as a verifier gets it: whole tokens, by look-alike vendors whose roots the policy pins.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { INTEL_QUOTING_ENCLAVES } from "../../src/attest/cc/roots.ts";
import { type Evidence, platformBinding } from "../../src/attest/evidence/index.ts";
import { readVerifierPolicy, verifyEvidence } from "../../src/attest/verify/index.ts";
import type { VerifyResult } from "../../src/attest/verify/index.ts";
import { createModel } from "../../src/model/index.ts";
import { attested, HOST, MODEL, NONCE, NOW, SIGNED_MODEL, tokenOf } from "../helpers/attested.ts";
import { certificateTable } from "../helpers/certificate-table.ts";
import { SHA256 } from "../helpers/test-hasher.ts";
import { type Amd, makeAmd, sha256, snpReport } from "../helpers/vendor-chains.ts";
import { intelQuote, makeIntel, type QuoteForm } from "../helpers/vendor-quotes.ts";
import { policyText } from "../helpers/verifier-policy.ts";
import { verifyCrypto } from "../helpers/verify-crypto.ts";

type Kind = "snp" | "tdx" | "sgx";
type Platform = Exclude<Evidence["platform"], { readonly kind: "tpm" | "none" }>;

const GUEST = createHash("sha384").update("guest").digest("hex");
const ENCLAVE = createHash("sha256").update("enclave").digest("hex");
const amd: Amd = makeAmd();
const intel = makeIntel();
const TABLE = certificateTable(
  (["vcek", "ask", "ark"] as const).map((id, i) => [id, Buffer.from(amd.chain[i]?.raw ?? [])]),
);

/** Claims of the honest run where no TPM is: its aggregate is zeros. */
function claimsOf(): Omit<Evidence, "platform"> {
  const run = createModel({ hasher: SHA256 });
  for (const each of MODEL.spec.points) run.load(each);
  const aggregate = "00".repeat(32);
  const claims = { aggregate, state: run.state(), measurement: run.measurement() };
  const { platform: _none, ...evidence } = attested({ claims }).evidence;
  return evidence;
}
const CLAIMS = claimsOf();
const DATA = createHash("sha512").update(platformBinding(CLAIMS, HOST.key.id)).digest();

function snp(data: Uint8Array = DATA): Platform {
  const report = snpReport(amd, (bytes) => bytes.set(data, 0x50));
  return { kind: "snp", report: Uint8Array.from(report), auxiliary: Uint8Array.from(TABLE) };
}

/** Quoted by an enclave that says it is Intel's: its PCK is the look-alike's. */
function intels(form: QuoteForm, edit: (body: Buffer) => void = () => {}): Platform {
  const kind = form.startsWith("sgx") ? "sgx" : "tdx";
  const quote = intelQuote(intel, form, {
    body: (body) => {
      body.set(DATA, kind === "sgx" ? 320 : 520);
      edit(body);
    },
    qe: (qe) => qe.set(Buffer.from(INTEL_QUOTING_ENCLAVES[kind].signer, "hex"), 128),
  });
  return { kind, report: Uint8Array.from(quote) };
}

async function verdict(
  platform: Platform,
  more: Readonly<Record<string, unknown>> = {},
  as: Kind = platform.kind,
): Promise<VerifyResult> {
  const measurements = [as === "sgx" ? ENCLAVE : GUEST];
  const roots = [{ name: "look-alike", sha256: as === "snp" ? amd.root : intel.root }];
  const text = policyText("", { platform: { [as]: { measurements, roots, ...more } } });
  const policy = readVerifierPolicy(text, {
    name: "policy.json",
    crypto: verifyCrypto,
    file: () => SIGNED_MODEL,
  });
  const { signer, ...rest } = attested();
  const token = await tokenOf({ ...rest, signer, evidence: { ...CLAIMS, platform } });
  const models = [{ name: "shop-web.json", text: SIGNED_MODEL }];
  const coefficients = MODEL.spec.points;
  return await verifyEvidence(
    { token, policy, nonce: NONCE, now: NOW, models, coefficients },
    verifyCrypto,
  );
}

async function refused(
  given: Promise<VerifyResult>,
  reason: string,
  words: RegExp = /./,
): Promise<void> {
  const { accepted, refusals } = await given;
  assert.equal(accepted, false);
  assert.deepEqual(
    refusals.map((one) => one.reason),
    [reason],
    JSON.stringify(refusals),
  );
  assert.match(refusals[0]?.why ?? "", words);
}

describe("evidence of a confidential machine", () => {
  for (const [what, make] of [
    ["SEV-SNP", () => snp()],
    ["TDX 1.0", () => intels("tdx4")],
    ["TDX 1.5", () => intels("tdx5-1.5")],
    ["SGX", () => intels("sgx3")],
  ] as const)
    it(`${what} is accepted, and what was not checked is told`, async () => {
      const { accepted, refusals, checked, gaps, platform } = await verdict(make());
      assert.deepEqual(refusals, []);
      assert.equal(accepted, true);
      assert.ok(checked.some((line) => /under look-alike is verified/.test(line)));
      const vendor = platform === "snp" ? /^AMD's/ : /^Intel's/;
      assert.ok(gaps.filter((gap) => vendor.test(gap)).length >= 2, gaps.join("\n"));
      assert.equal(
        gaps.some((gap) => /RTMR/.test(gap)),
        platform === "tdx",
      );
    });

  it("is refused when the report is for another token, or of other things", async () => {
    await refused(verdict(snp(Buffer.alloc(64, 1))), "REPORT_WRONG_REPORT_DATA");
    const other = { measurements: ["11".repeat(48)] };
    await refused(verdict(snp(), other), "REPORT_WRONG_MEASUREMENT");
    await refused(verdict(intels("tdx4"), other), "REPORT_WRONG_MEASUREMENT");
    const debug = intels("tdx4", (body) => body.writeUInt8(1, 120));
    await refused(verdict(debug), "REPORT_DEBUG");
  });

  it("is refused when its kind is not that of the policy, or not its own", async () => {
    await refused(verdict(snp(), {}, "tdx"), "WRONG_PLATFORM");
    const guest: Platform = { ...intels("tdx4"), kind: "sgx" };
    const both = { measurements: [ENCLAVE, GUEST.slice(0, 64)] };
    await refused(verdict(guest, both), "REPORT_WRONG_MEASUREMENT");
    const enclave: Platform = { ...intels("sgx3"), kind: "tdx" };
    await refused(verdict(enclave), "REPORT_WRONG_MEASUREMENT");
  });

  it("is refused without certificates, under other roots and when one is revoked", async () => {
    const { auxiliary: _table, ...bare } = snp();
    await refused(verdict(bare), "REPORT_BAD_CHAIN", /came without certificates/);
    const vendors = { roots: undefined };
    await refused(verdict(snp(), vendors), "REPORT_UNTRUSTED_ROOT");
    await refused(verdict(intels("tdx4"), vendors), "REPORT_UNTRUSTED_ROOT");
    const [vcek, ask] = amd.chain;
    assert.ok(vcek && ask);
    // as the certificate has it, and as tools print it
    for (const serial of [vcek.serial, `00${vcek.serial}`, vcek.serial.replace(/^0+/, "")]) {
      const revoked = [`${sha256(Buffer.from(ask.raw))}:${serial}`];
      await refused(verdict(snp(), { revoked }), "REPORT_REVOKED", /SEV-VCEK is revoked/);
    }
    const others = { revoked: [`${sha256(Buffer.from(ask.raw))}:ff`] };
    assert.deepEqual((await verdict(snp(), others)).refusals, []);
  });
});
