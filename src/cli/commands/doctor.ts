// SPDX-License-Identifier: Apache-2.0
// galgo doctor: what this machine can hold and enforce, per sensor, found by trying.
import { ClientError, findDaemon } from "../../daemon/client/index.ts";
import { RunError } from "../../orchestrator/index.ts";
import { cleanup, collectFacts, judgeSensors } from "../../orchestrator/probe/index.ts";
import type { Fact, SensorVerdict } from "../../orchestrator/probe/index.ts";
import { stateRoot } from "../../orchestrator/inspect/index.ts";
import { quote } from "../../base/quote.ts";
import { type PlaceVerdict, tryPlaces } from "../../tma/index.ts";
import { setVariables } from "../env.ts";
import { EXIT_DIFFERENT, EXIT_OK } from "../exit-status.ts";
import { packageVersion } from "../version.ts";
import { outJson, outLine, outPainter, plural, table } from "../render.ts";
import type { Painter } from "../render.ts";

interface DoctorOptions {
  readonly json?: boolean;
  readonly cleanup?: boolean;
  readonly setFree?: boolean;
}

/** Exit status 0 when at least one sensor is usable, else 1. */
export async function doctor(options: DoctorOptions): Promise<void> {
  if (options.cleanup === true) {
    await cleanUp(options);
    return;
  }
  if (options.setFree === true) throw new RunError("BAD_OPTION", "--set-free needs --cleanup");
  const facts = await collectFacts(process.env);
  const sensors = judgeSensors(facts);
  const report = {
    galgo: packageVersion(),
    stateDirectory: stateRoot(process.env, process.getuid?.() ?? -1),
    environment: setVariables(process.env),
    daemon: await daemonStatus(),
    facts,
    sensors,
    places: tryPlaces(stateRoot(process.env, process.getuid?.() ?? -1)),
  };
  if (options.json === true) outJson(report);
  else print(report, outPainter());
  process.exitCode = sensors.some((sensor) => sensor.usable) ? EXIT_OK : EXIT_DIFFERENT;
}

/** The daemon that commands of this user would ask. */
type DaemonStatus =
  | { readonly pid: number; readonly version: string; readonly modelsSignedFor?: string }
  | { readonly none: string };

async function daemonStatus(): Promise<DaemonStatus> {
  try {
    const daemon = await findDaemon(process.env, process.getuid?.() ?? -1);
    const { pid, version, modelsSignedFor } = await daemon.health();
    return { pid, version, ...(modelsSignedFor === undefined ? {} : { modelsSignedFor }) };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { none: error.message };
  }
}

/** Exit status 0 when nothing is left, else 1. */
async function cleanUp({ json, setFree }: DoctorOptions): Promise<void> {
  const { slots, programs } = await cleanup(setFree === true ? "remove" : "keep");
  const left = slots.filter(({ removed }) => !removed);
  process.exitCode = left.length === 0 ? EXIT_OK : EXIT_DIFFERENT;
  if (json === true) {
    outJson({ slots, programs, left: left.length });
    return;
  }
  for (const { slot, pid, tasks, removed } of slots) {
    const free = tasks === 0 ? "" : `; ${plural(tasks, "task")} of it set free`;
    const kept = `${plural(tasks, "task")} of it still run, and are decided on; galgo adopt goes on with it where galgo doctor says so, --set-free removes it`;
    outLine(
      `namespace ${slot} of process ${pid}, which is dead: ${removed ? `removed${free}` : kept}`,
    );
  }
  for (const build of programs) outLine(`programs ${build}: removed`);
  if (slots.length + programs.length === 0) outLine("nothing was left");
}

interface Report {
  readonly galgo: string;
  readonly stateDirectory: string;
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly daemon: DaemonStatus;
  readonly facts: readonly Fact[];
  readonly sensors: readonly SensorVerdict[];
  readonly places: readonly PlaceVerdict[];
}

function print(report: Report, paint: Painter): void {
  outLine(paint.bold(`Galgo ${report.galgo}: what was found by trying`));
  outLine(
    table(
      report.facts.map((fact) => factRow(fact, paint)),
      "  ",
    ),
  );
  outLine(`  ${paint.dim("runs are kept in")} ${quote(report.stateDirectory)}`);
  outLine(`  ${paint.dim("daemon")} ${daemonLine(report.daemon)}`);
  for (const { name, value } of report.environment)
    outLine(`  ${paint.dim("environment")} ${name}=${quote(value)}`);
  outLine("");
  outLine(paint.bold("Sensors"));
  for (const sensor of report.sensors) printSensor(sensor, paint);
  outLine("");
  outLine(paint.bold("Places for a model (--tma)"));
  outLine(
    table(
      report.places.map((place) => placeRow(place, paint)),
      "  ",
    ),
  );
}

function daemonLine(daemon: DaemonStatus): string {
  if ("none" in daemon) return daemon.none;
  const { pid, version, modelsSignedFor } = daemon;
  const models =
    modelsSignedFor === undefined
      ? "models need no signature there"
      : `models have to be signed there, as ${quote(modelsSignedFor)} says`;
  return `Galgo ${quote(version)}, process ${pid}; ${models}`;
}

function placeRow(
  { place, usable, capacity, startMs, why }: PlaceVerdict,
  paint: Painter,
): string[] {
  const room = capacity === undefined ? "no limit" : `room for ${plural(capacity, "behaviour")}`;
  const says = startMs === undefined ? room : `${room}, first answer after ${startMs} ms`;
  return [
    usable ? paint.green("✓") : paint.yellow("✗"),
    place,
    why === undefined ? says : quote(why, 300),
  ];
}

function factRow(fact: Fact, paint: Painter): string[] {
  const mark = fact.ok === undefined ? " " : fact.ok ? paint.green("✓") : paint.yellow("✗");
  return [mark, fact.title, quoteValue(fact)];
}

/** Values come from the machine, not from us. */
function quoteValue(fact: Fact): string {
  return /^[ -~]*$/.test(fact.value) ? fact.value : quote(fact.value);
}

function printSensor(sensor: SensorVerdict, paint: Painter): void {
  const verdict = sensor.usable ? paint.green("usable") : paint.yellow("refused");
  outLine(`  ${sensor.sensor.padEnd(8)} ${verdict}`);
  for (const reason of sensor.reasons) outLine(`           because ${reason}`);
  for (const note of sensor.notes) outLine(`           ${paint.dim("note:")} ${note}`);
}
