// SPDX-License-Identifier: Apache-2.0
// galgo systemd-unit UNIT: prints a drop-in that runs a service under its model.
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { quote } from "../../base/quote.ts";
import { makeDropIn, readUnit } from "../../daemon/units/index.ts";
import type { DropIn, UnitMode } from "../../daemon/units/index.ts";
import { loadModel, writeAtomic, writingTo } from "../../orchestrator/inspect/index.ts";
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
  if (mode !== "learn") loadModel(model);
  const dropIn = makeDropIn(unit, {
    galgo: galgoWords(),
    mode,
    model,
    ...(onViolation === undefined ? {} : { onViolation }),
    ...(foreground === undefined ? {} : { foreground }),
    relax: options.relax === true,
  });
  write(dropIn, options);
  if (mode === "learn" && !existsSync(dirname(model)))
    say(`the folder of the model is not there yet: mkdir -p ${quote(dirname(model))}`);
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
