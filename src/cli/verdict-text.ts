// SPDX-License-Identifier: Apache-2.0
// What was found out about the signatures of a model, in words.
import type { Subject } from "../attest/signed/statement.ts";
import { quote } from "../base/quote.ts";
import type { ModelVerdict } from "../orchestrator/inspect/index.ts";
import { outLine, outPainter, plural, table } from "./render.ts";

const FORMS: Readonly<Record<ModelVerdict["form"], string>> = {
  dsse: "DSSE envelope",
  sigstore: "Sigstore bundle",
  text: "text model of Quixote",
  plain: "plain model",
  unknown: "not known",
};

/** The verdict, what it rests on, and what nobody has looked at. Reasons are our own words, with what is a file's quoted in them. */
export function printVerdict(file: string, verdict: ModelVerdict): void {
  const paint = outPainter();
  if (!verdict.verified) {
    outLine(`${paint.red("not verified")}: ${quote(file)} (${FORMS[verdict.form]})`);
    for (const { code, why } of verdict.refusals) outLine(`  ${paint.red(code)}: ${why}`);
    return;
  }
  outLine(`${paint.green("verified")}: ${quote(file)} (${FORMS[verdict.form]})`);
  outLine(table(factRows(verdict), "  "));
  for (const what of verdict.checked) outLine(`  checked: ${what}`);
  for (const what of verdict.notChecked) outLine(`  not checked: ${what}`);
}

function factRows({ model, signedBy, subject }: ModelVerdict): [string, string][] {
  const rows: [string, string][] = [];
  if (model?.name !== undefined) rows.push(["model", quote(model.name)]);
  if (model !== undefined) {
    const sealed = model.sealed ? "sealed" : "not sealed: it can not be enforced";
    rows.push(["behaviours", `${plural(model.behaviours, "behaviour")}, ${sealed}`]);
  }
  if (model?.digest !== undefined) rows.push(["digest", `sha256:${model.digest}`]);
  if (model?.state !== undefined) rows.push(["state", model.state]);
  for (const { name, key } of signedBy)
    rows.push(["signed by", name === key ? key : `${quote(name, 80)}, key ${key}`]);
  for (const one of subject.slice(0, SUBJECTS_SHOWN)) rows.push(["for", subjectText(one)]);
  if (subject.length > SUBJECTS_SHOWN)
    rows.push(["", `and ${subject.length - SUBJECTS_SHOWN} more (--json)`]);
  return rows;
}

const SUBJECTS_SHOWN = 10;

/** What a model says that it is for. */
export function subjectText({ name, uri, digest }: Subject): string {
  const digests = Object.entries(digest).map(
    ([alg, hex]) => `${quote(alg, 40)}:${quote(hex, 130)}`,
  );
  const called = [name, uri].flatMap((text) => (text === undefined ? [] : [quote(text, 200)]));
  return [...called, ...digests].join(" ");
}
