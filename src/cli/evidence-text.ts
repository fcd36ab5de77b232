// SPDX-License-Identifier: Apache-2.0
// What a verifier says of evidence, in words and as JSON.
import type { Behaviour, VerifyResult } from "../attest/verify/index.ts";
import { quote } from "../base/quote.ts";
import { outLine, outPainter, plural, table } from "./render.ts";

/** Behaviours that are printed; --json has more. */
const SHOWN = 20;

/** Reasons and sentences are our own words, with what others have said quoted in them. */
export function printResult(file: string, result: VerifyResult): void {
  const paint = outPainter();
  const verdict = result.accepted ? paint.green("accepted") : paint.red("refused");
  outLine(`${verdict}: ${quote(file)}`);
  for (const { reason, why } of result.refusals) outLine(`  ${paint.red(reason)}: ${why}`);
  const rows = factRows(result);
  if (rows.length > 0) outLine(table(rows, "  "));
  for (const what of result.checked) outLine(`  checked: ${what}`);
  for (const what of result.gaps) outLine(`  not checked: ${what}`);
  printDifference(result);
}

function factRows({ evidence, signedBy, platform }: VerifyResult): [string, string][] {
  if (evidence === undefined) return [];
  const { workload, state, mode, sealed, counts, issuedAt, orchestrator } = evidence;
  const rows: [string, string][] = [
    ["workload", `${quote(workload.name)}, run ${quote(workload.id)}`],
    ["state", state],
    ["mode", sealed ? `${mode}, sealed` : mode],
    [
      "counts",
      `${plural(counts.events, "event")}, ${plural(counts.points, "behaviour")}, ${counts.violations} violations, ${counts.lost} lost`,
    ],
    ["made", `${new Date(issuedAt * 1_000).toISOString()} by Galgo ${quote(orchestrator.version)}`],
    ["platform", platform ?? "none"],
  ];
  if (signedBy !== undefined)
    rows.push(["signed by", `${quote(signedBy.name)}, key ${signedBy.id}`]);
  return rows;
}

function printDifference({ difference }: VerifyResult): void {
  if (difference === undefined) return;
  const { reference, added, missing, counts } = difference;
  outLine(`difference from ${reference}: ${counts.added} more, ${counts.missing} fewer behaviours`);
  printBehaviours("+", added, counts.added);
  printBehaviours("-", missing, counts.missing);
}

function printBehaviours(sign: string, behaviours: readonly Behaviour[], all: number): void {
  for (const { coefficient, words } of behaviours.slice(0, SHOWN)) {
    outLine(`  ${sign} ${words ?? "(no record tells what it is)"} [${coefficient.slice(0, 16)}]`);
  }
  if (all > SHOWN) outLine(`  ${sign} and ${all - SHOWN} more (--json)`);
}

/** As JSON: bytes of the platform's structures are left out, they are in the token. */
export function resultJson(result: VerifyResult): object {
  const { evidence, ...rest } = result;
  if (evidence === undefined) return rest;
  const { platform, ...claims } = evidence;
  return { ...rest, evidence: { ...claims, platform: platform.kind } };
}
