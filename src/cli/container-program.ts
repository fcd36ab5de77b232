// SPDX-License-Identifier: Apache-2.0
// The commands for container engines: what their configuration needs to hand containers over to the daemon.
import { type Command, Option } from "commander";

export function addContainer(program: Command): void {
  const container = program
    .command("container")
    .description(
      "print what container engines need to run containers under models (docs/containers.md)",
    );
  addProfile(container);
  addHook(container);
  addOciHook(program);
}

function addProfile(container: Command): void {
  container
    .command("profile")
    .description("print a seccomp profile that hands a container's calls to the daemon")
    .option("-o, --output <file>", "write it there instead")
    .option("-m, --model <name>", "for containers without annotations: their model")
    .addOption(
      new Option(
        "--mode <mode>",
        "for containers without annotations: what to do with them",
      ).choices(["learn", "free", "detect", "enforce"]),
    )
    .option("--name <name>", "for containers without annotations: their name")
    .addOption(
      new Option("--on-violation <what>", "for containers without annotations").choices([
        "deny",
        "kill",
        "observe",
      ]),
    )
    .option(
      "--metadata <text>",
      "for containers without annotations: the same as key=value,key=value",
    )
    .option("--socket <path>", "the daemon's seccomp.sock (default: that of this user's daemon)")
    .addOption(
      new Option("--arch <arch>", "machine that the containers are of (default: this one)").choices(
        ["x64", "arm64"],
      ),
    )
    .option("--wait-killable", "signals do not interrupt a held call (runc 1.2, libseccomp 2.6)")
    .action(async (options) => (await import("./commands/container.ts")).profile(options));
}

function addHook(container: Command): void {
  container
    .command("hook")
    .description("print the hook file for Podman and CRI-O (oci-hooks)")
    .option("-o, --output <file>", "write it there instead")
    .option("--always", "for every container; and without a daemon none of them starts")
    .option("--socket <path>", "the daemon's hook.sock (default: that of this user's daemon)")
    .action(async (options) => (await import("./commands/container.ts")).hook(options));
}

function addOciHook(program: Command): void {
  program
    .command("oci-hook")
    .description(
      "run by container runtimes (createRuntime): asks the daemon whether a container may start",
    )
    .option("--socket <path>", "the daemon's socket hook.sock (default: /run/galgo/hook.sock)")
    .option("--always", "fail without a daemon, whatever the container's annotations say")
    .action(async (options) => (await import("./commands/container.ts")).ociHook(options));
}
