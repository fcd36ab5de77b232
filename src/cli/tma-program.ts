// SPDX-License-Identifier: Apache-2.0
// `galgo tma` as a table. Only the command that runs is loaded.
import { type Command, Option } from "commander";
import { positive } from "./options.ts";

const load = () => import("./commands/tma.ts");
const PLACE = "process, vm, serial:BOARD";

export function addTma(program: Command): void {
  const tma = program
    .command("tma")
    .description("agents that keep a model outside of Galgo's memory (docs/tma.md)")
    .enablePositionalOptions();
  tma
    .command("build")
    .description("make the agent for a place, with the compiler of that place")
    .requiredOption("--tma <place>", PLACE)
    .option("-o, --output <file>", "where to write (default: where galgo run looks for it)")
    .option("--json", "print JSON")
    .action(async (options) => (await load()).tmaBuild(options));
  tma
    .command("provision")
    .description("write firmware that has a key of its own, and the key")
    .requiredOption("--tma <place>", "serial:BOARD")
    .requiredOption("-o, --output <file>", "where to write the firmware")
    .requiredOption("--tma-key <file>", "where to write the key, for --tma serial:/dev/DEVICE")
    .option("--json", "print JSON")
    .action(async (options) => (await load()).tmaProvision(options));
  tma
    .command("test")
    .description(
      "run known steps through an agent, and time its verdicts; exit status 1 when it is wrong",
    )
    .requiredOption("--tma <place>", `in-process, wasm, ${PLACE}, serial:/dev/DEVICE`)
    .option("--tma-key <file>", "with serial:/dev/DEVICE: the key that its firmware has")
    .addOption(
      new Option("--rounds <n>", "verdicts that are timed").argParser(positive).default(1_000),
    )
    .option("--json", "print JSON")
    .action(async (options) => (await load()).tmaTest(options));
}
