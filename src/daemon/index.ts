// SPDX-License-Identifier: Apache-2.0
// The daemon. Its clients take client/index.ts instead, which loads none of this.
export { type Daemon, type DaemonOptions, startDaemon } from "./daemon.ts";
export { DaemonError } from "./errors.ts";
export type { DaemonWord } from "./part.ts";
