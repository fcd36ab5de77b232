// SPDX-License-Identifier: Apache-2.0
// galgo systemd-unit UNIT: prints a drop-in that runs a service under its model.
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { quote } from "../../base/quote.ts";
import { makeDropIn, readUnit } from "../../daemon/units/index.ts";
import type { DropIn, UnitMode, UnitSignature } from "../../daemon/units/index.ts";
import {
  readRequirement,
  UntrustedModelError,
  useModelFile,
  writeAtomic,
  writingTo,
} from "../../orchestrator/inspect/index.ts";
import { out, outJson, say } from "../render.ts";

/** Where programs are found in a service of systemd (systemd.exec(5), "PATH"). */
const SERVICE_PATH = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
];

interface UnitOptions {
  readonly model?: string;
  readonly detect?: boolean;
  readonly learn?: boolean;
  readonly onViolation?: string;
  readonly key?: readonly string[];
  readonly policy?: string;
  readonly foreground?: string;
  readonly relax?: boolean;
  readonly output?: string;
  readonly json?: boolean;
}

export function systemdUnit(name: string, options: UnitOptions): void {
  const unit = readUnit(name);
  const mode = modeOf(options);
  const { onViolation, foreground } = options;
  const model = resolve(
    options.model ?? `/etc/galgo/models/${unit.name.replace(/\.service$/, "")}.galgo.json`,
  );
  const signature = signatureOf(options);
  if (mode !== "learn") refuseModel(model, signature);
  const dropIn = makeDropIn(unit, {
    galgo: galgoWords(),
    mode,
    model,
    ...(onViolation === undefined ? {} : { onViolation }),
    ...(signature === undefined ? {} : { signature }),
    ...(foreground === undefined ? {} : { foreground }),
    relax: options.relax === true,
  });
  write(dropIn, options);
  if (mode === "learn" && !existsSync(dirname(model)))
    say(`the folder of the model is not there yet: mkdir -p ${quote(dirname(model))}`);
}

/** A service that will not start is better known now. What its program is only its start can tell. */
function refuseModel(model: string, signature: UnitSignature | undefined): void {
  const requirement = signature === undefined ? undefined : readRequirement(signature);
  try {
    useModelFile(model, { requirement });
  } catch (error) {
    if (!(error instanceof UntrustedModelError)) throw error;
    if (error.refusals.some(({ code }) => code !== "NO_SUBJECT")) throw error;
  }
}

/** Paths as the service will see them. */
function signatureOf({ key, policy }: UnitOptions): UnitSignature | undefined {
  if (key === undefined && policy === undefined) return undefined;
  return {
    ...(key === undefined ? {} : { keys: key.map((file) => resolve(file)) }),
    ...(policy === undefined ? {} : { policy: resolve(policy) }),
  };
}

function modeOf({ detect, learn }: UnitOptions): UnitMode {
  if (learn === true) return "learn";
  return detect === true ? "detect" : "enforce";
}

function write(dropIn: DropIn, { output, json }: UnitOptions): void {
  if (output !== undefined && output !== "-")
    writingTo(output, () => writeAtomic(output, dropIn.text, { mode: 0o644 }));
  if (json === true) outJson(dropIn);
  else if (output === undefined || output === "-") out(dropIn.text);
  for (const note of dropIn.notes) say(note);
  if (output === undefined) say(`put it at ${quote(dropIn.path)}`);
}

/** A checkout builds itself when it is started; a service shall not. */
function galgoWords(): string[] {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const isCheckout = existsSync(`${root}scripts/setup.sh`);
  if (!isCheckout && SERVICE_PATH.includes(dirname(process.execPath))) return [`${root}galgo`];
  return [process.execPath, `${root}dist/galgo.cjs`];
}
