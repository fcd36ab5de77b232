// SPDX-License-Identifier: Apache-2.0
// A process that is `galgo push` or `galgo pull`, for tests whose registry lives in the test itself. Usage: registry-command.ts push|pull ARG...
import { Command } from "commander";
import { tellError } from "../../src/cli/error-text.ts";
import { EXIT_GALGO, errorStatus } from "../../src/cli/exit-status.ts";
import { addRegistry } from "../../src/cli/registry-program.ts";
import { ownVoice } from "../../src/cli/render.ts";

const program = new Command();
addRegistry(program);
try {
  await program.parseAsync(process.argv);
} catch (error) {
  tellError(error, ownVoice());
  process.exitCode = errorStatus(error, EXIT_GALGO);
}
