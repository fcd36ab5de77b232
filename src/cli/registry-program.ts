// SPDX-License-Identifier: Apache-2.0
// `galgo push` and `galgo pull` as a table. Only the command that runs is loaded.
import type { Command } from "commander";
import { listOption } from "./options.ts";

/** Adds both to the command line. */
export function addRegistry(program: Command): void {
  withAccess(
    program
      .command("push")
      .description(
        "bring a model, plain or signed, to a registry of containers (docs/registries.md)",
      )
      .argument("<model>")
      .argument("<reference>", "HOST[:PORT]/REPOSITORY:TAG")
      .option(
        "--image <image>",
        "tag or digest of the image in that repository that the model is for",
      ),
  ).action(async (model, reference, options) =>
    (await import("./commands/push.ts")).push(model, reference, options),
  );
  withAccess(
    program
      .command("pull")
      .description("fetch a model from a registry of containers, by its name or that of its image")
      .argument("<reference>", "HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]")
      .requiredOption("-o, --output <model>", "where the model is written")
      .addOption(
        listOption(
          "--key <file>",
          "write nothing unless this public key (PEM) has signed the model; given again: or that one",
        ),
      )
      .option("--policy <file>", "write nothing unless this trust policy trusts the model"),
  ).action(async (reference, options) =>
    (await import("./commands/pull.ts")).pull(reference, options),
  );
}

function withAccess(command: Command): Command {
  return command
    .option("--ca <file>", "authorities (PEM) that are trusted instead of the usual ones")
    .option("--plain-http", "speak without TLS to a registry that is not this machine")
    .option("--json", "print JSON");
}
