// SPDX-License-Identifier: Apache-2.0
// galgo run: a command under a model (detect, enforce) or without one (free, recorded).
import { runWorkload } from "../../orchestrator/index.ts";
import { IGNORED_SIGNALS } from "../inherited.ts";
import { ownVoice } from "../render.ts";
import { requestOf, tellingObserver, tellResult } from "../run-command.ts";
import { withVerdictDoor } from "../verdict-door.ts";
import { withPlatform } from "../run-platform.ts";
import type { RunOptions } from "../run-program.ts";

export async function run(command: readonly string[], options: RunOptions): Promise<void> {
  const starter = {
    env: process.env,
    cwd: process.cwd(),
    uid: process.getuid?.() ?? -1,
    ignoredSignals: IGNORED_SIGNALS,
  };
  const request = withVerdictDoor(requestOf(command, options, starter));
  const voice = ownVoice();
  const result = await withPlatform(request, options, (vouched) =>
    runWorkload(vouched, tellingObserver(request.mode, voice)),
  );
  process.exitCode = tellResult(result, request, options, voice);
}
