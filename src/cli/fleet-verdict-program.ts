// SPDX-License-Identifier: Apache-2.0
// `galgo fleet verdict` as a table: what hosts have asked about, and ruling about it.
import { type Command, Option } from "commander";
import { withFleetAccess } from "./fleet-options.ts";
import { positive } from "./options.ts";

export function addFleetVerdicts(fleet: Command): void {
  const load = () => import("./commands/fleet/verdicts.ts");
  const verdict = fleet
    .command("verdict")
    .description("behaviours outside of a model that hosts ask about (galgo run --tma remote:)")
    .enablePositionalOptions();
  withFleetAccess(verdict.command("list", { isDefault: true }))
    .description("list what waits for a verdict")
    .option("--decided", "list what was decided")
    .option("-q, --query <text>", "only what holds this")
    .addOption(new Option("--limit <n>", "how many").argParser(positive).default(100))
    .option("--json", "print JSON")
    .action(async (options) => (await load()).verdictList(options));
  for (const [name, description] of [
    ["allow", "let it pass everywhere under that model"],
    ["deny", "refuse it, also where a workload is only watched"],
    ["kill", "kill every workload under that model that does it"],
    ["forget", "take a verdict back"],
  ] as const) {
    withFleetAccess(verdict.command(name).argument("<ids...>", "MODEL~COEFFICIENT, as list has it"))
      .description(description)
      .option("--reason <text>", "why, for the audit log")
      .option("--json", "print JSON")
      .action(async (ids, options) => (await load()).verdictDecide(name, ids, options));
  }
  withFleetAccess(
    verdict
      .command("unknown")
      .addArgument(verdict.createArgument("<policy>").choices(["ask", "allow", "deny"])),
  )
    .description("what is answered where nobody has ruled")
    .option("--model <digest>", "under this model only")
    .option("--json", "print JSON")
    .action(async (policy, options) => (await load()).verdictUnknown(policy, options));
}
