// SPDX-License-Identifier: Apache-2.0
// `galgo fleet user|order|orders|rollout|model|audit` as a table: what operators do. Only the command that runs is loaded.
import { type Command, InvalidArgumentError, Option } from "commander";
import { duration, labelOption, withFleetAccess } from "./fleet-options.ts";
import { listOption, positive } from "./options.ts";

const ROLE_NAMES = ["viewer", "operator", "admin"];

export function addFleetOperators(fleet: Command): void {
  addUsers(fleet);
  addOrders(fleet);
  addRollouts(fleet);
  addModels(fleet);
  withFleetAccess(fleet.command("audit"))
    .description("print what was changed, by whom; the newest first")
    .argument("[text]", "only lines that hold it")
    .addOption(new Option("-n, --lines <n>", "so many").argParser(positive).default(50))
    .option("--json", "print JSON")
    .action(async (text, options) =>
      (await import("./commands/fleet/audit.ts")).audit(text, options),
    );
}

const role = (text: string): Option => new Option("--role <role>", text).choices(ROLE_NAMES);

function addUsers(fleet: Command): void {
  const load = () => import("./commands/fleet/users.ts");
  const user = fleet
    .command("user")
    .description("who may use the fleet (docs/fleet-operators.md)")
    .enablePositionalOptions();
  withFleetAccess(user.command("list"))
    .description("list users")
    .option("--json", "print JSON")
    .action(async (options) => (await load()).userList(options));
  withFleetAccess(user.command("add").argument("<user>"))
    .description("add a user; the password is the first line of a file, or of stdin")
    .addOption(role("what the user may do").default("viewer"))
    .option("--name <name>", "name for people")
    .option("--password-file <file>", "file with the password (default: stdin)")
    .option("--json", "print JSON")
    .action(async (name, options) => (await load()).userAdd(name, options));
  withFleetAccess(user.command("change").argument("<user>"))
    .description("change a user; whoever loses rights or gets a password is logged out")
    .addOption(role("what the user may do from now on"))
    .option("--name <name>", "name for people")
    .option("--password-file <file>", "file with the new password")
    .addOption(new Option("--disable", "let the user in no more").conflicts("enable"))
    .option("--enable", "let the user in again")
    .option("--json", "print JSON")
    .action(async (name, options) => (await load()).userChange(name, options));
  withFleetAccess(user.command("token").argument("<user>"))
    .description("make an API token for a user; it is printed once")
    .addOption(role("what it may do, as far as the user may").default("viewer"))
    .option("--name <name>", "what it is for", "galgo")
    .addOption(new Option("--days <n>", "how long").argParser(positive).default(30))
    .option("--json", "print JSON")
    .action(async (name, options) => (await load()).userToken(name, options));
  withFleetAccess(user.command("tokens"))
    .description("list API tokens, not their secrets")
    .option("--json", "print JSON")
    .action(async (options) => (await load()).userTokens(options));
  withFleetAccess(user.command("end-token").argument("<id>"))
    .description("end an API token early")
    .option("--json", "print JSON")
    .action(async (id, options) => (await load()).userEndToken(id, options));
}

function addOrders(fleet: Command): void {
  const load = () => import("./commands/fleet/orders.ts");
  const order = withFleetAccess(fleet.command("order"))
    .description("order something of hosts and workloads, and wait for what they answer")
    .argument("<kind>", "seal, enforce, detect, kill, attest, model, table")
    .addOption(listOption("--host <host>", "only this host, by name or id; may be given again"))
    .option("--group <group>", "only hosts of this group")
    .addOption(labelOption("only workloads with this label, theirs or their host's"))
    .addOption(listOption("--workload <name>", "only workloads of this name, * for any characters"))
    .addOption(listOption("--run <id>", "only this run"))
    .addOption(listOption("--under <digest>", "only workloads under this model"))
    .option("--all", "everything; has to be said when nothing else is")
    .option("--for <name>", "of model: name of the workloads")
    .option("--digest <digest>", "of model: what they run under; own: what the host has itself");
  order
    .addOption(
      new Option("--expires <time>", "who has not heard by then does it no more").argParser(
        duration,
      ),
    )
    .option("--no-wait", "do not wait for answers")
    .option("--json", "print JSON")
    .action(async (kind, options) => (await load()).order(kind, options));
  withFleetAccess(fleet.command("orders"))
    .description("list what was ordered, or what hosts have answered to one order")
    .argument("[id]")
    .option("--json", "print JSON")
    .action(async (id, options) => (await load()).orders(id, options));
}

/** "1,10,100" */
function shares(text: string): readonly number[] {
  const numbers = text.split(",").map(Number);
  if (numbers.every((share) => share > 0 && share <= 100)) return numbers;
  throw new InvalidArgumentError("Expected percents like 1,10,100.");
}

function addRollouts(fleet: Command): void {
  const load = () => import("./commands/fleet/rollouts.ts");
  const rollout = fleet
    .command("rollout")
    .description("give hosts a model or a mode in steps, which stop and go back by themselves")
    .enablePositionalOptions();
  withFleetAccess(rollout.command("begin").argument("<name>", "of the workloads"))
    .description("begin a roll-out")
    .addOption(new Option("--digest <digest>", "model that they get").conflicts("mode"))
    .addOption(new Option("--mode <mode>", "or the mode").choices(["enforce", "detect"]))
    .addOption(
      new Option("--shares <percents>", "of the hosts, ascending")
        .argParser(shares)
        .default([1, 10, 100], "1,10,100"),
    )
    .addOption(
      new Option("--watch <time>", "how long nothing may go wrong after each step")
        .argParser(duration)
        .default(300, "5m"),
    )
    .addOption(
      new Option("--answer <time>", "until connected hosts have failed that do not answer")
        .argParser(duration)
        .default(120, "2m"),
    )
    .option("--max-failed <n>", "hosts of a step that may fail", "0")
    .option("--max-violations <n>", "new violations that are borne", "0")
    .addOption(listOption("--host <host>", "only this host (default: all that run the name)"))
    .option("--wait", "wait for its end; exit status 1 when it was not done")
    .option("--json", "print JSON")
    .action(async (name, options) => (await load()).rolloutBegin(name, options));
  withFleetAccess(rollout.command("list"))
    .description("list roll-outs")
    .option("--json", "print JSON")
    .action(async (options) => (await load()).rolloutList(options));
  withFleetAccess(rollout.command("show").argument("<id>"))
    .description("print how far one is")
    .option("--json", "print JSON")
    .action(async (id, options) => (await load()).rolloutShow(id, options));
  for (const verb of ["pause", "resume", "rollback"] as const) {
    withFleetAccess(rollout.command(verb).argument("<id>"))
      .description(verb === "rollback" ? "take it back everywhere" : `${verb} it`)
      .option("--json", "print JSON")
      .action(async (id, options) => (await load()).rolloutOrder(verb, id, options));
  }
}

function addModels(fleet: Command): void {
  const load = () => import("./commands/fleet/models.ts");
  const model = fleet
    .command("model")
    .description("signed models that hosts get from the fleet")
    .enablePositionalOptions();
  withFleetAccess(model.command("list"))
    .description("list models")
    .option("--json", "print JSON")
    .action(async (options) => (await load()).modelList(options));
  withFleetAccess(model.command("push").argument("<file>", "signed: galgo sign"))
    .description("give the fleet a signed model")
    .option("--json", "print JSON")
    .action(async (file, options) => (await load()).modelPush(file, options));
  withFleetAccess(model.command("get").argument("<digest>"))
    .description("print the signed file of a model")
    .option("-o, --output <file>", "where it is written (default: stdout)")
    .action(async (digest, options) => (await load()).modelGet(digest, options));
  withFleetAccess(model.command("diff").argument("<old>").argument("<new>"))
    .description(
      "print what differs between two models (digests); exit status 1 when something does",
    )
    .option("--json", "print JSON")
    .action(async (was, is, options) => (await load()).modelDiff(was, is, options));
  withFleetAccess(model.command("candidates").argument("<digest>"))
    .description("list behaviours outside of a model that its workloads have shown")
    .option("--json", "print JSON")
    .action(async (digest, options) => (await load()).modelCandidates(digest, options));
  withFleetAccess(model.command("approve").argument("<digest>").argument("<coefficients...>"))
    .description("allow behaviours: a new version that the fleet signs")
    .requiredOption("--reason <text>", "why; it is kept with the model")
    .option("--json", "print JSON")
    .action(async (digest, coefficients, options) =>
      (await load()).modelApprove(digest, coefficients, options),
    );
  withFleetAccess(model.command("keys"))
    .description("list keys whose signatures of models count")
    .option("--json", "print JSON")
    .action(async (options) => (await load()).modelKeys(options));
  withFleetAccess(model.command("trust").argument("<name>").argument("<key>", "public, PEM"))
    .description("trust a key for models")
    .option("--json", "print JSON")
    .action(async (name, key, options) => (await load()).modelTrust(name, key, options));
  withFleetAccess(model.command("distrust").argument("<id>"))
    .description("trust a key no more for models that come from now on")
    .option("--json", "print JSON")
    .action(async (id, options) => (await load()).modelDistrust(id, options));
}
