// SPDX-License-Identifier: Apache-2.0
// A measurement list in evidence, as a verifier gets it: whole tokens with a quote over PCR 0 to 11. Every reason to refuse a list has its
// row here.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import type { Evidence, TpmEvidence } from "../../src/attest/evidence/index.ts";
import { IMA_REASONS } from "../../src/attest/ima/index.ts";
import { readVerifierPolicy, verifyEvidence } from "../../src/attest/verify/index.ts";
import { attested, HOST, NONCE, NOW, SIGNED_MODEL, tokenOf, vouched } from "../helpers/attested.ts";
import { binaryList, hash, type Measured, templateData } from "../helpers/ima-lists.ts";
import { SoftTpm } from "../helpers/soft-tpm.ts";
import { policyText } from "../helpers/verifier-policy.ts";
import { verifyCrypto } from "../helpers/verify-crypto.ts";

const PCRS = Array.from({ length: 12 }, (_, pcr) => pcr);
const content = (text: string): string => createHash("sha256").update(text).digest("hex");

function measured(path: string, text: string, more: Partial<Measured> = {}): Measured {
  const digest = Buffer.from(content(text), "hex");
  return { template: "ima-ng", path, algorithm: "sha256", digest, ...more };
}
const NODE = measured("/usr/bin/node", "node");
const WORKER = measured("/opt/galgo/dist/worker.cjs", "worker");
const REFERENCE = {
  apiVersion: "galgo.dev/v1",
  kind: "ImaReference",
  closed: ["/opt/galgo/dist"],
  files: [
    { path: NODE.path, digests: { sha256: [content("node")] } },
    { path: WORKER.path, digests: { sha256: [content("worker")] } },
    { path: "/opt/galgo/dist/more.cjs", digests: { sha256: [content("more")] }, optional: true },
  ],
};

interface Machine {
  /** What the kernel measured after boot_aggregate. */
  readonly files?: readonly Measured[];
  /** boot_aggregate, where it is not that of this boot. */
  readonly first?: Measured;
  /** The list that is told, where it is not the kernel's. */
  readonly told?: (list: readonly Measured[]) => Uint8Array;
  readonly pcrs?: readonly number[];
  /** Nothing was extended. */
  readonly idle?: boolean;
}

interface Refused {
  readonly accepted: boolean;
  readonly reasons: readonly string[];
  readonly words: string;
  readonly gaps: readonly string[];
}

function aggregateOf(tpm: SoftTpm): Measured {
  const values = [...tpm.bank(PCRS.slice(0, 10)).values.values()];
  return { ...NODE, path: "boot_aggregate", digest: hash("sha256", ...values) };
}

/** Evidence of a machine that measures, with its list. */
function evidenceOf({ files = [NODE, WORKER], first, told, pcrs = PCRS, idle }: Machine): {
  readonly tpm: SoftTpm;
  readonly evidence: Evidence;
} {
  const tpm = new SoftTpm();
  const list = [first ?? aggregateOf(tpm), ...files];
  for (const one of idle === true ? [] : list) {
    const digest = one.violation ? Buffer.alloc(32, 0xff) : hash("sha256", templateData(one));
    tpm.extend(10, Uint8Array.from(digest));
  }
  const { evidence } = attested({ tpm });
  const { start, extended } = evidence.platform as TpmEvidence;
  const platform = vouched(evidence, { tpm, signer: HOST }, pcrs) as TpmEvidence;
  const ima = Uint8Array.from((told ?? binaryList)(list));
  return { tpm, evidence: { ...evidence, platform: { ...platform, start, extended, ima } } };
}

async function verdict(
  machine: Machine,
  ima: object = { required: true, reference: "ima.json" },
): Promise<Refused> {
  const { tpm, evidence } = evidenceOf(machine);
  const made = { ...attested(), evidence };
  const keys = [{ name: "machine", ak: tpm.akName }];
  const policy = readVerifierPolicy(policyText("", { platform: { tpm: { keys, ima } } }), {
    name: "policy.json",
    crypto: verifyCrypto,
    file: () => JSON.stringify(REFERENCE),
  });
  const given = {
    token: await tokenOf(made),
    policy,
    nonce: NONCE,
    now: NOW,
    models: [{ name: "shop-web.json", text: SIGNED_MODEL }],
    coefficients: made.coefficients,
  };
  const { accepted, refusals, gaps } = await verifyEvidence(given, verifyCrypto);
  const words = refusals.map(({ why }) => why).join("\n");
  return { accepted, reasons: refusals.map(({ reason }) => reason), words, gaps };
}

interface Row {
  readonly what: string;
  readonly machine: Machine;
  readonly reasons: readonly [string, ...string[]];
  readonly words: RegExp;
}

const ROWS: readonly Row[] = [
  {
    what: "no list",
    machine: { told: () => Buffer.from("nothing") },
    reasons: ["IMA_MALFORMED"],
    words: /entry 1/,
  },
  {
    what: "the list as text",
    machine: { told: () => Buffer.from(`10 ${"ab".repeat(20)} ima-ng sha1:00 /x\n`) },
    reasons: ["IMA_MALFORMED"],
    words: /as text; wanted is the binary one/,
  },
  {
    what: "a quote without PCR 10",
    machine: { pcrs: PCRS.filter((pcr) => pcr !== 10) },
    reasons: ["MISSING_PCR", "IMA_REGISTERS"],
    words: /PCR 10 of sha256 was not quoted/,
  },
  {
    what: "a list with an entry left out",
    machine: {
      files: [NODE, measured(WORKER.path, "evil"), WORKER],
      told: ([first, node, , worker]) => binaryList([first, node, worker].flatMap((e) => e ?? [])),
    },
    reasons: ["IMA_MISMATCH"],
    words: /no beginning of the 3 entries/,
  },
  {
    what: "the list of another boot",
    machine: { first: { ...NODE, path: "boot_aggregate", digest: hash("sha256") } },
    reasons: ["IMA_NOT_BOUND"],
    words: /the registers make/,
  },
  {
    what: "a violation",
    machine: {
      files: [
        NODE,
        WORKER,
        measured("/var/log/x", "", { violation: true, digest: Buffer.alloc(32) }),
      ],
    },
    reasons: ["IMA_VIOLATIONS"],
    words: /1 file was written while measured/,
  },
  {
    what: "a file beside the known ones",
    machine: { files: [NODE, WORKER, measured("/opt/galgo/dist/evil.cjs", "evil")] },
    reasons: ["IMA_FILE_UNKNOWN"],
    words: /evil\.cjs was measured/,
  },
  {
    what: "a changed file",
    machine: { files: [NODE, WORKER, measured(WORKER.path, "evil")] },
    reasons: ["IMA_FILE_CHANGED"],
    words: /worker\.cjs was measured with another content/,
  },
  {
    what: "a changed file that was never to be run",
    machine: { files: [NODE, WORKER, measured("/opt/galgo/dist/more.cjs", "evil")] },
    reasons: ["IMA_FILE_CHANGED"],
    words: /more\.cjs was measured with another content/,
  },
  {
    what: "a changed file, measured by an algorithm that the reference does not have",
    machine: {
      files: [NODE, WORKER, { ...WORKER, algorithm: "sha512", digest: hash("sha512") }],
    },
    reasons: ["IMA_FILE_INCOMPARABLE"],
    words: /by sha512 \(entry 4\), of which no digest was given/,
  },
  {
    what: "a file that was written meanwhile",
    machine: { files: [NODE, WORKER, { ...WORKER, violation: true }] },
    reasons: ["IMA_VIOLATIONS", "IMA_FILE_VIOLATED"],
    words: /open for writing/,
  },
  {
    what: "a file that was not run",
    machine: { files: [NODE] },
    reasons: ["IMA_FILE_ABSENT"],
    words: /worker\.cjs is not in the list/,
  },
  {
    what: "a changed file under another template's name",
    machine: {
      files: [NODE, WORKER, measured(WORKER.path, "evil")],
      told: (list) =>
        binaryList(list.map((one, i) => (i === 3 ? { ...one, template: "x-ng" } : one))),
    },
    reasons: ["IMA_FILE_UNREADABLE"],
    words: /entry 4 is of a template not known here, x-ng/,
  },
  {
    what: "the list of another machine where nothing was measured",
    machine: { idle: true },
    reasons: ["IMA_EMPTY", "IMA_FILE_ABSENT", "IMA_FILE_ABSENT"],
    words: /PCR 10 is zero/,
  },
];

describe("a measurement list in evidence", () => {
  it("is accepted with known files, also when it has grown since the quote", async () => {
    const told = (list: readonly Measured[]): Buffer =>
      binaryList([...list, measured("/opt/galgo/dist/evil.cjs", "evil")]);
    for (const machine of [{}, { told }]) {
      const { accepted, words, gaps } = await verdict(machine);
      assert.equal(accepted, true, words);
      assert.ok(!gaps.some((gap) => /which files the kernel measured/.test(gap)));
    }
  });

  it("says so when the policy has no reference for what is in it", async () => {
    const { accepted, gaps } = await verdict({}, { required: true });
    assert.equal(accepted, true);
    assert.ok(gaps.some((gap) => /which files the kernel measured/.test(gap)));
  });

  for (const { what, machine, reasons, words } of ROWS)
    it(`is refused: ${what}`, async () => {
      const found = await verdict(machine);
      assert.equal(found.accepted, false);
      assert.deepEqual(found.reasons, reasons, found.words);
      assert.match(found.words, words);
    });

  it("has a row for every reason", () => {
    const shown = new Set(ROWS.flatMap(({ reasons }) => reasons));
    const missing = IMA_REASONS.filter((reason) => !shown.has(`IMA_${reason}`));
    assert.deepEqual(missing, []);
  });
});
