// SPDX-License-Identifier: Apache-2.0
// galgo ima reference | check: reference values of this installation, and a look at one's own machine as a verifier would.
import { createHash } from "node:crypto";
import {
  appraiseIma,
  formatImaReference,
  type ImaBank,
  type ImaDigest,
  ImaError,
  type ImaReference,
  type ImaResult,
  mergeReferences,
  parseImaReference,
} from "../../attest/ima/index.ts";
import { quote } from "../../base/quote.ts";
import { readMeasurementList } from "../../quote/ima-list.ts";
import { shownRegisters } from "../../quote/ima-registers.ts";
import { ownFiles } from "../../quote/own-files.ts";
import { EXIT_DIFFERENT, EXIT_OK } from "../exit-status.ts";
import { outJson, outLine, plural, say } from "../render.ts";
import { readBytes, readText, write } from "../tpm-files.ts";
import { packageRoot } from "../version.ts";

interface CheckOptions {
  readonly reference?: string;
  readonly list?: string;
  readonly bank: ImaBank;
  readonly json?: boolean;
}

const NO_REFERENCE: ImaReference = { files: [], closed: [], violations: 0 };
const digest: ImaDigest = (bank, data) => new Uint8Array(createHash(bank).update(data).digest());

interface ReferenceOptions {
  readonly output?: string;
  readonly with?: readonly string[];
}

export function imaReference({ output, with: others = [] }: ReferenceOptions): void {
  const reference = mergeReferences([ownFiles(packageRoot()), ...others.map(readReference)]);
  const text = formatImaReference(reference);
  write(output, text);
  const must = reference.files.filter(({ optional }) => optional !== true).length;
  say(
    `${plural(must, "file")} that must have been measured, ${reference.files.length - must} that may`,
  );
}

export function imaCheck({ reference, list, bank, json }: CheckOptions): void {
  const wanted = reference === undefined ? NO_REFERENCE : readReference(reference);
  // Registers first: the list only grows, so what is read after them has all that they speak of.
  const registers = shownRegisters(bank);
  if (registers === undefined) {
    throw new ImaError(
      "BAD_VALUE",
      `this machine shows no TPM with a bank ${bank}, so nothing vouches for its measurement list`,
    );
  }
  const bytes = list === undefined ? readMeasurementList() : new Uint8Array(readBytes(list));
  const result = appraiseIma({ list: bytes, bank, registers, ...wanted }, digest);
  const accepted = result.refusals.length === 0;
  if (json === true) outJson({ accepted, bank, ...result });
  else show(result, wanted);
  process.exitCode = accepted ? EXIT_OK : EXIT_DIFFERENT;
}

function readReference(file: string): ImaReference {
  return parseImaReference(readText(file), quote(file));
}

function show(result: ImaResult, { files }: ImaReference): void {
  const { entries, vouched, violations, refusals, findings } = result;
  outLine(`${plural(entries, "entry", "entries")}, the TPM vouches for ${vouched}`);
  outLine(`${plural(violations, "violation")}`);
  if (files.length > 0) {
    const found = findings.filter(({ status }) => status === "measured").length;
    outLine(`${found} of ${plural(files.length, "known file")} measured as expected`);
  }
  for (const { reason, message } of refusals) outLine(`${reason}: ${message}`);
  outLine(refusals.length === 0 ? "accepted" : "refused");
}
