// SPDX-License-Identifier: Apache-2.0
// The worker's part of launching under the TSEM sensor: the first task, its namespace, the export file. All of it in the
// thread that serves the namespace later, because the kernel ties the namespace to that thread.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DIGEST_SIZES } from "../../model/runtime/index.ts";
import {
  command,
  Control,
  type CreateParts,
  type ExportFile,
  findTsem,
  launchForTsem,
  makeTsemNamespace,
  openExportOf,
  preloadCommands,
  TsemError,
  type TsemFiles,
  type TsemLauncher,
} from "../../sensor/tsem/index.ts";
import type { TmaSpec } from "../../tma/index.ts";
import type { TsemLaunched, TsemLaunchOrder, TsemSetup, WorkerSetup } from "../worker-protocol.ts";

/** A namespace with the workload's first task in it, held before its exec. */
export interface HeldTsem {
  readonly files: TsemFiles;
  readonly control: Control;
  readonly launcher: TsemLauncher;
  /** undefined: the kernel's own model decides. */
  readonly exportFile: ExportFile | undefined;
  readonly launched: TsemLaunched;
  readonly cgroup: string | undefined;
}

/** @throws TsemError; the first task is gone then */
export function launchHeldTsem(
  setup: WorkerSetup,
  tsem: TsemSetup,
  order: TsemLaunchOrder,
): HeldTsem {
  const files = findTsem(tsem.folder);
  const control = new Control(files);
  let groupProblem: string | undefined;
  const launcher = launchForTsem({
    command: tsem.command,
    path: tsem.path,
    env: tsem.env,
    cwd: tsem.cwd,
    stdio: tsem.stdio,
    openFiles: tsem.openFiles,
    ignoredSignals: tsem.ignoredSignals,
    dieWithGalgo: order.cgroup !== undefined,
    controlFd: control.fd,
    joined: (pid) => {
      groupProblem = moveInto(order.cgroup, pid);
    },
  });
  try {
    const digestSize = DIGEST_SIZES[setup.tma.digest];
    const parts = { files, control, launcher, digestSize };
    const { exportFile, features } = enter(setup, tsem, parts);
    const inCgroup = order.cgroup !== undefined && groupProblem === undefined;
    const launched: TsemLaunched = {
      pid: launcher.pid,
      launcher: launcher.kind,
      inCgroup,
      ...(groupProblem === undefined ? {} : { groupProblem }),
      features: inCgroup ? [...features, "cgroup"] : features,
    };
    return {
      files,
      control,
      launcher,
      exportFile,
      launched,
      cgroup: inCgroup ? order.cgroup : undefined,
    };
  } catch (error) {
    launcher.close(); // it ends with its pipe
    control.close();
    throw error;
  }
}

/** Makes the namespace and brings it into its mode. */
function enter(
  { mode, onViolation, tma }: WorkerSetup,
  { kind, options }: TsemSetup,
  parts: CreateParts,
): { readonly exportFile: ExportFile | undefined; readonly features: string[] } {
  const made = makeTsemNamespace(kind, withDigest(options, tma), parts);
  const enforce = mode === "enforce" && onViolation !== "observe";
  const features = [made.authority === "tnum" ? "tsem-tnum" : "tsem-key"];
  if (kind === "external") {
    const exportFile = openExportOf(parts.files, made.id);
    if (enforce) command("enforce\n", parts);
    return { exportFile, features: [...features, "tsem-external"] };
  }
  if (!made.bound) {
    throw new TsemError(
      "NO_NAMESPACE",
      "this kernel does not show a namespace of its own to the parent of the workload, so the kernel's model can not be read: leave --tsem-internal out",
    );
  }
  for (const line of preloadCommands(preloadOf(tma, mode !== "free", enforce)))
    command(line, parts);
  return { exportFile: undefined, features: [...features, "tsem-internal"] };
}

/** sha256 is what the kernel takes by itself, so it is not named. */
function withDigest(options: TsemSetup["options"], { digest }: TmaSpec): TsemSetup["options"] {
  return options.digest !== undefined || digest === "sha256" ? options : { ...options, digest };
}

function preloadOf(
  tma: TmaSpec,
  sealed: boolean,
  enforce: boolean,
): Parameters<typeof preloadCommands>[0] {
  const { base, pseudonyms, points } = tma;
  return { ...(base === undefined ? {} : { base }), pseudonyms, states: points, sealed, enforce };
}

/** Moves a process into a cgroup; why it could not be, or undefined. */
function moveInto(cgroup: string | undefined, pid: number): string | undefined {
  if (cgroup === undefined) return undefined;
  try {
    writeFileSync(join(cgroup, "cgroup.procs"), String(pid));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
