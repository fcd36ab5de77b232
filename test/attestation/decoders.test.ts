// SPDX-License-Identifier: Apache-2.0
// Whatever they are given, decoders give a value or throw an error of their own, whose message is one line that a terminal may show.
// Those that there are are found in the sources: a new one is not forgotten here.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { CodedError } from "../../src/base/errors.ts";
import { BYTE_DECODERS } from "../helpers/byte-decoders.ts";
import type { Decoder } from "../helpers/decoder-samples.ts";
import { textDecoders } from "../helpers/text-decoders.ts";
import { mutantBytes, mutantText } from "../helpers/mutants.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-decoders-"));
after(() => rmSync(folder, { recursive: true }));
const TEXT_DECODERS = textDecoders(folder);

const RUNS = 400;
const MAX_MESSAGE_CHARS = 4_000;
/** Nothing that moves a cursor, changes a direction, or begins a line. */
const SHOWABLE = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+$/u;

async function tried<T extends Uint8Array | string>(
  { name, throws, read }: Decoder<T>,
  input: T,
): Promise<void> {
  try {
    await read(input);
  } catch (error) {
    assert.ok(error instanceof CodedError, `${name} throws ${String(error)}`);
    assert.ok(throws.includes(error.name), `${name} throws ${error.name}: ${error.message}`);
    assert.match(error.message, SHOWABLE, name);
    assert.ok(error.message.length <= MAX_MESSAGE_CHARS, `${name}: ${error.message.length}`);
  }
}

function check<T extends Uint8Array | string>(
  decoder: Decoder<T>,
  mutant: (good: T) => fc.Arbitrary<T>,
): void {
  it(`${decoder.name} reads what is good, and is not upset by the rest`, async () => {
    assert.ok(decoder.good.length > 0);
    for (const good of decoder.good) {
      await decoder.read(good);
      const property = fc.asyncProperty(mutant(good), (input) => tried(decoder, input));
      await fc.assert(property, { numRuns: Math.ceil(RUNS / decoder.good.length) });
    }
  });
}

describe("decoders of bytes", () => {
  for (const decoder of BYTE_DECODERS) check(decoder, mutantBytes);
});

describe("decoders of text", () => {
  for (const decoder of TEXT_DECODERS) check(decoder, mutantText);
});

/** Functions that read something and have properties of their own, or read nothing that others have written. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  snpChain: "src/attest/cc/snp-table.test.ts",
  readSelections: "src/attest/tpm/check-quote.test.ts",
};
/** They ask devices, folders or other readers. */
const NO_DECODER: readonly string[] = [
  ...["openTransport", "openPlatform", "openTsmPlatform", "openRunEvidence", "readMeasurementList"],
  ...["readEndorsementCertificate", "readTokenKey", "readTokenSigner", "readPolicyFile"],
  ...[
    "readBrought",
    "readBytes",
    "readCoefficients",
    "readFields",
    "openJws",
    "openApi",
    "readAtMost",
  ],
];
const STAGES = [
  "src/attest",
  "src/quote",
  "src/verifier",
  "src/orchestrator/oci",
  "src/orchestrator/attest",
];
const DECLARED = /^export (?:async )?function ((?:parse|read|decode|open)[A-Za-z0-9]*)\b/gm;

/** Name and file of each function that is a decoder by its name. */
function declared(root: string): readonly (readonly [name: string, file: string])[] {
  const files = STAGES.flatMap((stage) =>
    readdirSync(join(root, stage), { recursive: true, encoding: "utf8" }).map((name) =>
      join(stage, name),
    ),
  ).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  return files.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(DECLARED)].map(
      ([, name = ""]) => [name, file] as const,
    ),
  );
}

describe("the list of decoders", () => {
  const root = resolve(import.meta.dirname, "../..");

  it("leaves out none that the sources have", () => {
    const listed = [...BYTE_DECODERS, ...TEXT_DECODERS].map(({ name }) => name);
    const known = new Set([...listed, ...Object.keys(ELSEWHERE), ...NO_DECODER]);
    const missing = declared(root).filter(([name]) => !known.has(name));
    assert.deepEqual(missing, [], "they belong into byte-decoders.ts or text-decoders.ts");
    for (const [name, file] of Object.entries(ELSEWHERE))
      assert.match(readFileSync(join(root, file), "utf8"), /fc\.(?:async)?[pP]roperty/, name);
  });
});
