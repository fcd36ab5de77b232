// SPDX-License-Identifier: Apache-2.0
// The daemon. Its clients take client/index.ts instead, which loads none of this.
export { checkedConfig, type Daemon, type DaemonOptions, startDaemon } from "./daemon.ts";
export { DaemonError } from "./errors.ts";
export { daemonHost } from "./host.ts";
export { demandLine } from "./models/demanded.ts";
export type { DaemonWord } from "./part.ts";
export { PARTS } from "./parts.ts";
export type { CommandLine, RunAsked, RunFound, UnderstoodRun } from "./launch/command-line.ts";
export { launchPart } from "./launch/part.ts";
