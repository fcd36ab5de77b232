// SPDX-License-Identifier: Apache-2.0
// `galgo ima` as a table. Only the command that runs is loaded.
import { type Command, Option } from "commander";
import { IMA_BANKS } from "../attest/ima/types.ts";
import { listOption } from "./options.ts";

/** Adds it to the command line. */
export function addIma(program: Command): void {
  const ima = program
    .command("ima")
    .description("what the kernel measured before Galgo ran, as trust below it (docs/ima.md)")
    .enablePositionalOptions();
  const load = () => import("./commands/ima.ts");
  ima
    .command("reference")
    .description("print digests of the files that this Galgo runs, for those who verify")
    .option("-o, --output <file>", "where they are written (default: stdout)")
    .addOption(
      listOption("--with <file>", "reference values that count as well; may be given again"),
    )
    .action(async (options) => (await load()).imaReference(options));
  ima
    .command("check")
    .description(
      "hold this machine's measurement list against its TPM and reference values; exit status 0 good, 1 not, 2 trouble",
    )
    .option("--reference <file>", "reference values (galgo ima reference)")
    .option("--list <file>", "a binary list instead of the kernel's")
    .addOption(
      new Option("--bank <bank>", "bank of the TPM").choices([...IMA_BANKS]).default("sha256"),
    )
    .option("--json", "print JSON")
    .action(async (options) => (await load()).imaCheck(options));
}
