// SPDX-License-Identifier: Apache-2.0
// The sensor of a TSEM kernel: its control plane, its export files, and the loop that answers.
export { execFailure } from "../seccomp/launch-failure.ts";
export { children, descendants, killProcess, processEntry } from "../seccomp/launch-tree.ts";
export type { NamespaceKind, NamespaceOptions } from "./commands.ts";
export { Control } from "./control.ts";
export { command, type CreateParts, makeTsemNamespace, openExportOf } from "./create.ts";
export { TsemError } from "./errors.ts";
export type { ExportFile } from "./export-file.ts";
export { tsemFidelity } from "./fidelity.ts";
export { findTsem, probeTsem, type TsemFiles, type TsemProbe, tsemFolder } from "./files.ts";
export { launchForTsem, nativeTsemProgram, nodeWatchScript, TsemLauncher } from "./launch.ts";
export { WATCH } from "./launch-protocol.ts";
export { type KernelModel, type Preload, preloadCommands, readKernelModel } from "./model-files.ts";
export { serveTsem } from "./serve.ts";
export type { TsemSink, Unheld } from "./sink.ts";
export { workloadTasks } from "./tasks.ts";
export { tryNamespace } from "./try.ts";
