// SPDX-License-Identifier: Apache-2.0
// The page: files are dropped or chosen, verified in this window by the code that galgo verify has, and the result is shown.
import {
  readVerifierPolicy,
  type VerifyCase,
  verifyEvidence,
  type VerifyResult,
} from "../../attest/verify/index.ts";
import { isHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import { showTable } from "../view.ts";
import { webVerifyCrypto } from "./crypto.ts";
import { type DroppedFile, type Sorted, sortFiles, withFile } from "./files.ts";
import { differenceRows, factRows } from "./rows.ts";

/** Bytes of one file: the largest signed model fits. */
const MAX_FILE_BYTES: number = 96 * 1024 * 1024;

const PARTS = ["files", "reasons", "facts", "difference", "checked", "gaps", "status"] as const;

interface Page {
  readonly drop: HTMLElement;
  readonly file: HTMLInputElement;
  readonly forget: HTMLElement;
  readonly nonce: HTMLInputElement;
  readonly base: HTMLInputElement;
  readonly at: HTMLInputElement;
  readonly parts: Readonly<Record<(typeof PARTS)[number], HTMLElement>>;
}

function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} with the id ${id}`);
}

function findPage(): Page {
  const parts = Object.fromEntries(PARTS.map((id) => [id, element(id, HTMLElement)]));
  return {
    drop: element("drop", HTMLElement),
    file: element("file", HTMLInputElement),
    forget: element("forget", HTMLElement),
    nonce: element("nonce", HTMLInputElement),
    base: element("base", HTMLInputElement),
    at: element("at", HTMLInputElement),
    parts: parts as Page["parts"],
  };
}

function start(page: Page): void {
  let kept: readonly DroppedFile[] = [];
  let turn = 0;
  const again = async (): Promise<void> => {
    const mine = ++turn;
    clear(page);
    const result = await outcome(page, sortFiles(kept)).catch(messageOf);
    // what came later counts, whatever is ready first
    if (mine !== turn) return;
    if (typeof result === "string") page.parts.status.textContent = result;
    else show(page, result);
  };
  const take = async (files: FileList | null | undefined): Promise<void> => {
    for (const file of files ?? []) {
      if (file.size > MAX_FILE_BYTES) {
        page.parts.status.className = "refused";
        page.parts.status.textContent = `${quote(file.name, 80)} has more than ${MAX_FILE_BYTES} bytes, which is what is read.`;
        return;
      }
      const bytes = new Uint8Array(await file.arrayBuffer());
      kept = withFile(kept, { name: file.name, bytes });
    }
    await again();
  };
  page.file.addEventListener("change", () => void take(page.file.files));
  page.forget.addEventListener("click", () => {
    kept = [];
    page.file.value = "";
    void again();
  });
  for (const input of [page.nonce, page.base, page.at]) {
    input.addEventListener("change", () => void again());
  }
  // A file that is dropped beside the target must not replace the page.
  for (const name of ["dragover", "drop"] as const) {
    window.addEventListener(name, (event) => event.preventDefault());
  }
  page.drop.addEventListener("drop", (event) => void take(event.dataTransfer?.files));
}

function messageOf(error: unknown): string {
  return `It can not be verified: ${error instanceof Error ? error.message : String(error)}`;
}

/** The result, or what is missing for one. */
async function outcome(page: Page, sorted: Sorted): Promise<VerifyResult | string> {
  const rows = sorted.kinds.map(({ name, kind }) => [quote(name), kind]);
  showTable(page.parts.files, ["file", "taken for"], rows, rows.length);
  if (sorted.rivals.length > 0) {
    const names = sorted.rivals.map((each) => quote(each, 80)).join(" and ");
    return `Which of ${names} is meant? Forget the files, and drop one of them with the rest.`;
  }
  if (sorted.token === undefined) return "No evidence yet.";
  if (sorted.policy === undefined) return "No policy yet: evidence is verified under one.";
  const { name, text } = sorted.policy;
  const policy = readVerifierPolicy(text, { name, crypto: webVerifyCrypto, file: sorted.text });
  const given: VerifyCase = {
    token: sorted.token,
    policy,
    now: timeOf(page.at.value.trim()),
    models: sorted.models,
    ...optional("nonce", page.nonce.value),
    ...optional("base", page.base.value),
    ...(sorted.coefficients !== undefined && { coefficients: sorted.coefficients }),
  };
  return await verifyEvidence(given, webVerifyCrypto);
}

function optional(name: "nonce" | "base", value: string): Partial<VerifyCase> {
  const hex = value.trim().toLowerCase();
  if (hex === "") return {};
  if (!isHex(hex)) throw new Error(`the ${name} is no hex: ${quote(hex, 80)}`);
  return { [name]: hex };
}

function timeOf(text: string): number {
  if (text === "") return Date.now();
  const time = Date.parse(text);
  if (/^\d{4}-\d{2}-\d{2}T.*Z$/.test(text) && Number.isFinite(time)) return time;
  throw new Error(`${quote(text, 80)} is no time like 2027-01-31T12:00:00Z`);
}

function clear({ parts }: Page): void {
  for (const id of PARTS) parts[id].replaceChildren();
  parts.status.className = "";
  parts.status.textContent = "Verifying ...";
}

function show({ parts }: Page, result: VerifyResult): void {
  const { accepted, refusals, checked, gaps } = result;
  parts.status.className = accepted ? "accepted" : "refused";
  parts.status.textContent = accepted
    ? "Accepted."
    : `Refused: ${[...new Set(refusals.map(({ reason }) => reason))].join(", ")}`;
  const reasons = refusals.map(({ reason, area, why }) => [reason, area, why]);
  showTable(parts.reasons, ["reason", "about", "why"], reasons, reasons.length);
  const facts = factRows(result);
  showTable(parts.facts, ["claim", "value"], facts, facts.length);
  const { rows, total } = differenceRows(result);
  showTable(parts.difference, ["", "what", "coefficient"], rows, total);
  showTable(
    parts.checked,
    ["what is good"],
    checked.map((each) => [each]),
    checked.length,
  );
  showTable(
    parts.gaps,
    ["what nobody checked"],
    gaps.map((each) => [each]),
    gaps.length,
  );
}

start(findPage());
