// SPDX-License-Identifier: Apache-2.0
// Quixote's management socket: asking one, and serving one for any namespace.
export {
  type ConsoleSession,
  isSocketDirectory,
  type ListAnswer,
  type ListCommand,
  listSockets,
  openConsole,
} from "./client.ts";
export type { ManagedNamespace, RecordTexts } from "../live/managed-namespace.ts";
export { ConsoleError } from "./protocol.ts";
export { type ManagementOptions, type ManagementServer, startManagementServer } from "./server.ts";
