// SPDX-License-Identifier: Apache-2.0
// Asking a daemon; loads nothing of the daemon itself.
export { ClientError } from "../errors.ts";
export {
  clientDirectories,
  type DaemonSockets,
  ownDirectory,
  socketsIn,
  SYSTEM_DIRECTORY,
} from "../sockets.ts";
export { recordLines } from "../api/records.ts";
export { DaemonClient, findDaemon } from "./client.ts";
