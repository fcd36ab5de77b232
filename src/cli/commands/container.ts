// SPDX-License-Identifier: Apache-2.0
// galgo container profile, galgo container hook, galgo oci-hook.
import { spawnSync } from "node:child_process";
import { ownDirectory, SYSTEM_DIRECTORY } from "../../daemon/client/index.ts";
import {
  checkedMetadata,
  containerProfile,
  hookFile,
  nativeProgram,
} from "../../daemon/containers/index.ts";
import { RunError, writeAtomic, writingTo } from "../../orchestrator/inspect/index.ts";
import { out } from "../render.ts";

interface OutputOptions {
  readonly output?: string;
}

interface ProfileCommandOptions extends OutputOptions {
  readonly model?: string;
  readonly mode?: string;
  readonly name?: string;
  readonly onViolation?: string;
  readonly arch?: "x64" | "arm64";
  readonly waitKillable?: boolean;
  readonly metadata?: string;
  readonly socket?: string;
}

export async function profile(options: ProfileCommandOptions): Promise<void> {
  const { mode, model, name, onViolation, arch, waitKillable, socket } = options;
  const words = checkedMetadata(options.metadata ?? "", {
    ...(mode === undefined ? {} : { mode }),
    ...(model === undefined ? {} : { model }),
    ...(name === undefined ? {} : { name }),
    ...(onViolation === undefined ? {} : { "on-violation": onViolation }),
  });
  print(
    containerProfile({
      machine: arch ?? (process.arch === "arm64" ? "arm64" : "x64"),
      listenerPath: socket ?? inDirectory("seccomp.sock"),
      ...(words === "" ? {} : { listenerMetadata: words }),
      ...(waitKillable === true ? { waitKillable } : {}),
    }),
    options,
  );
}

interface HookCommandOptions extends OutputOptions {
  readonly always?: boolean;
  readonly socket?: string;
}

export async function hook(options: HookCommandOptions): Promise<void> {
  const { socket = inDirectory("hook.sock"), always = false } = options;
  print(hookFile({ program: hookProgram(), socket, always }), options);
}

/** Where the launcher of the package has not started the native program itself. */
export async function ociHook({ socket, always }: HookCommandOptions): Promise<void> {
  const given = [...(socket === undefined ? [] : ["--socket", socket])];
  const args = always === true ? [...given, "--always"] : given;
  const { status } = spawnSync(hookProgram(), args, { stdio: "inherit" });
  process.exitCode = status ?? 1;
}

function hookProgram(): string {
  const program = nativeProgram("oci-hook");
  if (program !== undefined) return program;
  throw new RunError(
    "BAD_OPTION",
    "the hook was not built (dist/native/galgo-oci-hook-*): that needs a C compiler",
  );
}

function inDirectory(name: string): string {
  return `${ownDirectory(process.env, process.getuid?.() ?? -1) ?? SYSTEM_DIRECTORY}/${name}`;
}

function print(value: unknown, { output }: OutputOptions): void {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (output === undefined || output === "-") {
    out(text);
    return;
  }
  // in one step: a runtime may read it at any time
  writingTo(output, () => writeAtomic(output, text, { mode: 0o644 }));
}
