// SPDX-License-Identifier: Apache-2.0
// `galgo fleet` as a table: many hosts and who sees them. Only the command that runs is loaded.
import type { Command } from "commander";
import { addFleetHost } from "./fleet-host-program.ts";

export function addFleet(program: Command): void {
  const fleet = program
    .command("fleet")
    .description("many hosts, seen and told what to do from one place (docs/fleet.md)")
    .enablePositionalOptions();
  addFleetHost(fleet);
}
