// SPDX-License-Identifier: Apache-2.0
// Who acts on what the fleet sends to this host, in the order in which they are opened.
import { openCommands } from "./commands/index.ts";
import { openVerdicts } from "./verdicts/index.ts";
import type { OpenReceiver } from "./side.ts";

export const RECEIVERS: readonly OpenReceiver[] = [openCommands, openVerdicts];
