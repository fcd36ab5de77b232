// SPDX-License-Identifier: Apache-2.0
// The command line as a table of commands. Only the command that runs is loaded.
import { Argument, Command, Option } from "commander";
import { addContainer } from "./container-program.ts";
import { addDecisions } from "./decide-program.ts";
import { addModel } from "./model-program.ts";
import {
  alarmBudgetOption,
  digestOption,
  listOption,
  mappingOption,
  positive,
  requireOption,
  seconds,
} from "./options.ts";
import { addFleet } from "./fleet-program.ts";
import { addExport } from "./export-program.ts";
import { addEval } from "./eval-program.ts";
import { addIma } from "./ima-program.ts";
import { addRegistry } from "./registry-program.ts";
import {
  addCommandArgument,
  addLimits,
  addModelUse,
  addRun,
  addPlace,
  addSensor,
  addEvidenceOptions,
  PROFILES,
} from "./run-program.ts";
import { addSigning } from "./signing-program.ts";
import { addTma } from "./tma-program.ts";
import { addTpm } from "./tpm-program.ts";
import { CONSOLE_SUBJECTS, SHOW_SUBJECTS } from "./subjects.ts";
import { packageVersion } from "./version.ts";

const EXAMPLES = `
Examples:
  galgo quickstart                              see it work in a few seconds
  galgo learn -o app.galgo.json -- ./app test   learn what ./app does
  galgo run -m app.galgo.json --enforce -- ./app test
  galgo why app                                 why the last run was refused something
  galgo report app -o app.html                  the last run as a page for people
  galgo top                                     watch what runs

Exit status of run and learn: the command's own; 121 an enforced model was violated; 125 Galgo failed;
126 the command is not executable; 127 it was not found; 128+n it was ended by signal n.`;

/** The whole command line. Actions end by setting process.exitCode. */
export function createProgram(): Command {
  const program = new Command("galgo")
    .description(
      "Learns what a workload does, as a model, and then lets it do that and nothing else.",
    )
    .version(packageVersion(), "-V, --version")
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText("after", EXAMPLES);
  addQuickstart(program);
  addDoctor(program);
  addLearn(program);
  addRun(program, async (command, options) =>
    (await import("./commands/run.ts")).run(command, options),
  );
  addAttach(program);
  addAdopt(program);
  addAttest(program);
  addReplay(program);
  addEval(program);
  addShow(program);
  addWhy(program);
  addMark(program);
  addDecisions(program);
  addExport(program);
  addReport(program);
  addModel(program);
  addSigning(program);
  addTpm(program);
  addTma(program);
  addRegistry(program);
  addIma(program);
  addPs(program);
  addTop(program);
  addDaemon(program);
  addFleet(program);
  addContainer(program);
  addMount(program);
  addSystemdUnit(program);
  return program;
}

function addQuickstart(program: Command): void {
  program
    .command("quickstart")
    .description("learn a small workload, enforce it, and show three refusals and their reasons")
    .option("--json", "print the result as JSON")
    .action(async (options) => (await import("./commands/quickstart.ts")).quickstart(options));
}

function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("find out, by trying, what this machine can hold and enforce")
    .option("--json", "print the facts as JSON")
    .option(
      "--cleanup",
      "instead: remove what Galgos that died left in the kernel; exit status 0 when nothing is left",
    )
    .option(
      "--set-free",
      "with --cleanup: also where processes of a namespace still run; nothing is modeled or refused then",
    )
    .action(async (options) => (await import("./commands/doctor.ts")).doctor(options));
}

function addAttach(program: Command): void {
  const attach = program
    .command("attach")
    .description("have the daemon model what runs already, by programs in the kernel (sensor bpf)")
    .option("--cgroup <path>", "everything in a cgroup and below it")
    .addOption(
      new Option("--pid <pid>", "a process and what descends from it").argParser(positive),
    );
  addModelUse(attach)
    .addOption(
      new Option(
        "--on-violation <policy>",
        "deny the call, kill the processes, or only observe",
      ).choices(["deny", "kill", "observe"]),
    )
    .option(
      "--name <name>",
      "name of the workload (default: the model's, else that of the cgroup or the pid)",
    )
    .option("--base <hex>", "base of measurement and state, chosen by who verifies the workload")
    .option("--json", "print the workload as JSON")
    .action(async (options) => (await import("./commands/attach.ts")).attach(options));
}

function addAdopt(program: Command): void {
  addEvidenceOptions(
    program
      .command("adopt")
      .description(
        "go on with a run of the bpf sensor that the kernel has kept although its Galgo was killed",
      )
      .argument("[name]", "name of the run, or path of its folder (default: the only one)"),
  )
    .option("--json", "print the result as JSON on stderr's last line")
    .action(async (name, options) => (await import("./commands/adopt.ts")).adopt(name, options));
}

function addLearn(program: Command): void {
  const learn = program
    .command("learn")
    .description("run a command, allow everything, and write what it did as a sealed model")
    .option("-o, --output <model>", "where the model is written (default: ./NAME.galgo.json)")
    .addOption(
      new Option("--runs <n>", "run the command n times and merge").argParser(positive).default(1),
    )
    .option("--name <name>", "name of the workload (default: the command's)")
    .addOption(
      new Option(
        "--profile <profile>",
        "what is made equal between machines (default: portable; with --sensor tsem: exact)",
      ).choices(PROFILES),
    )
    .addOption(mappingOption("how events become coefficients").default("tsem-v4"))
    .addOption(digestOption("digest of coefficients and contents").default("sha256"))
    .addOption(requireOption("a behaviour that must be learned: exec:/usr/bin/git, connect:*:5432"))
    .addOption(
      listOption(
        "--rule <rule>",
        "a rule that the model shall have, however wide: path:/srv/data/{path}, no-digest:/srv/db.json (docs/rules.md)",
      ),
    )
    .addOption(alarmBudgetOption())
    .option("--allow-loss", "write a model although events were lost, and say so in it")
    .option("--json", "print the result as JSON on stdout");
  addSensor(learn);
  addPlace(learn);
  addLimits(learn);
  addCommandArgument(learn).action(async (command, options) =>
    (await import("./commands/learn.ts")).learn(command, options),
  );
}

function addAttest(program: Command): void {
  program
    .command("attest")
    .description(
      "have a running workload say what it is, signed, for a verifier (docs/evidence.md)",
    )
    .argument("<name>", "name of the workload, or the id of its run")
    .requiredOption("--nonce <hex>", "the verifier's challenge, 8 to 64 bytes")
    .option("--cwt", "as CBOR Web Token instead of JSON Web Token")
    .option("-o, --output <file>", "where it is written (default: stdout; a CWT as base64url)")
    .option("--json", "print JSON")
    .action(async (name, options) => (await import("./commands/attest.ts")).attest(name, options));
}

function addReplay(program: Command): void {
  program
    .command("replay")
    .description("model a recorded stream of events, or hold it against a model")
    .argument(
      "<file>",
      "export file, trajectory or forensics of TSEM, or records of Galgo; - is stdin",
    )
    .addOption(mappingOption("how events become coefficients (default: the model's, else tsem-v4)"))
    .addOption(digestOption("digest of the stream (default: the model's, else sha256)"))
    .addOption(
      new Option(
        "--profile <profile>",
        "what is made equal between machines (default: the model's, else exact)",
      ).choices(PROFILES),
    )
    .option("--aggregate <hex>", "aggregate to take when the stream has none (default: zeros)")
    .option("--base <hex>", "base of the extends (default: the model's, else zeros)")
    .option(
      "-m, --model <model>",
      "the model to hold the stream against; exit status 121 when it is violated",
    )
    .option("--detect", "record what is not in the model (the default with a model)")
    .option("-o, --output <model>", "write what the stream does as a sealed model")
    .option("--name <name>", "leave a run of this name, for galgo show and galgo why")
    .option("--allow-loss", "accept records that can not be understood")
    .addOption(
      new Option(
        "--coefficients",
        "print one line for every record: its coefficient, or -",
      ).conflicts(["state", "measurement"]),
    )
    .option("--state", "print the state only")
    .option("--measurement", "print the measurement only")
    .option("--json", "print JSON")
    .action(async (file, options) => (await import("./commands/replay.ts")).replay(file, options));
}

function addShow(program: Command): void {
  program
    .command("show")
    .description("print what a run or a model holds")
    .argument("[name|file]", "name of a workload (its latest run), or a model, record or run file")
    .addArgument(
      new Argument("[what]", "what to print").choices([
        ...new Set([...SHOW_SUBJECTS, ...CONSOLE_SUBJECTS]),
      ]),
    )
    .option("--run <id>", "an earlier run of that name")
    .addOption(mappingOption("for a recorded stream: how events become coefficients"))
    .addOption(digestOption("for a recorded stream: its digest"))
    .addOption(
      new Option(
        "--quixote-socket <path>",
        "ask a running workload instead: its management socket, or a directory of sockets",
      ).conflicts(["run", "mapping", "digest"]),
    )
    .option("--json", "print JSON")
    .action(async (target, what, options, command: Command) => {
      if (options.quixoteSocket !== undefined) {
        const words = [target, what].filter((word) => word !== undefined);
        const { showSocket } = await import("./commands/show-socket.ts");
        return showSocket(options.quixoteSocket, words, options);
      }
      requireShown(command, target, what);
      return (await import("./commands/show.ts")).show(target, what, options);
    });
}

/** Both words are optional only with --quixote-socket, which has some of its own. */
function requireShown(command: Command, target: unknown, what: unknown): void {
  const missing = target === undefined ? "name|file" : what === undefined ? "what" : undefined;
  if (missing !== undefined) command.error(`error: missing required argument '${missing}'`);
  if ((SHOW_SUBJECTS as readonly unknown[]).includes(what)) return;
  command.error(
    `error: ${what} can only be asked with --quixote-socket; allowed are ${SHOW_SUBJECTS.join(", ")}`,
  );
}

/** The launcher does it by itself, without Node; this is what it leaves over. */
function addMark(program: Command): void {
  program
    .command("mark")
    .description("inside of a learning run: say which test begins here")
    .argument("[name]", "name of the test")
    .option("--end", "the test has ended: what comes now belongs to none")
    .action(async (name, options) => (await import("./commands/mark.ts")).mark(name, options));
}

function addWhy(program: Command): void {
  program
    .command("why")
    .description("explain a violation: who, what, what was allowed nearby, what would allow it")
    .argument("<name|file>", "name of a workload (its latest run), or a forensics.jsonl")
    .addArgument(new Argument("[n]", "which violation, from 1").argParser(positive).default(1))
    .option("--run <id>", "an earlier run of that name")
    .option("-m, --model <model>", "explain against this model instead of the run's own")
    .option("--sequences", "instead: what was strange in the order of events (docs/sequence.md)")
    .option("--json", "print JSON")
    .action(async (target, n, options) =>
      options.sequences === true
        ? (await import("./commands/why-sequences.ts")).whySequences(target, options)
        : (await import("./commands/why.ts")).why(target, n, options),
    );
}

function addReport(program: Command): void {
  program
    .command("report")
    .description("make one page of a run or a model: processes, behaviours, violations and why")
    .argument("<name|file>", "name of a workload (its latest run), folder of a run, or a model")
    .requiredOption("-o, --output <page>", "the HTML file to write; - is stdout")
    .option("-m, --model <model>", "explain by this model instead of the run's own")
    .option("--against <model>", "also compare with this model")
    .option("--run <id>", "an earlier run of that name")
    .option("--json", "print what was written as JSON")
    .action(async (target, options) =>
      (await import("./commands/report.ts")).report(target, options),
    );
}

function addPs(program: Command): void {
  program
    .command("ps")
    .description("list the workloads that run now, the daemon's and those that run alone")
    .option("--json", "print JSON")
    .action(async (options) => (await import("./commands/ps.ts")).ps(options));
}

function addTop(program: Command): void {
  program
    .command("top")
    .description("watch the workloads that run, and what each of them does (docs/operators.md)")
    .argument("[name]", "only this workload, and open it: its name, or the id of its run")
    .addOption(
      new Option("-d, --interval <seconds>", "time between two looks")
        .argParser(seconds)
        .default(1),
    )
    .option("--once", "print the list once, as text; the default where no terminal is")
    .addOption(
      new Option("-n, --times <n>", "print the list that many times, as text").argParser(positive),
    )
    .option("--json", "print each look as one line of JSON")
    .action(async (name, options) => (await import("./commands/top.ts")).top(name, options));
}

function addDaemon(program: Command): void {
  program
    .command("daemon")
    .description("serve many workloads from one process, until it is told to end (docs/daemon.md)")
    .option("--config <file>", "configuration (default: /etc/galgo/daemon.toml when it is there)")
    .option("--check", "only look whether the configuration can be used")
    .option("--json", "say what happens as JSON lines")
    .action(async (options) => (await import("./commands/daemon.ts")).daemon(options));
}

function addMount(program: Command): void {
  program
    .command("mount")
    .description(
      "show the daemon's namespaces as files with TSEM's names, until it is told to end (docs/mount.md)",
    )
    .argument("<directory>", "an existing directory")
    .option("--json", "print where it is mounted as JSON")
    .action(async (directory, options) =>
      (await import("./commands/mount.ts")).mount(directory, options),
    );
}

function addSystemdUnit(program: Command): void {
  program
    .command("systemd-unit")
    .description("print a drop-in that runs a service of systemd under its model (docs/systemd.md)")
    .argument("<unit>", "name of the service, or its unit file")
    .option("-m, --model <model>", "its model (default: /etc/galgo/models/UNIT.galgo.json)")
    .addOption(
      new Option("--detect", "record what is not in the model, refuse nothing").conflicts("learn"),
    )
    .option("--learn", "instead: write the model when the service is stopped")
    .addOption(
      new Option("--on-violation <policy>", "what follows from a violation")
        .choices(["deny", "kill", "observe"])
        .conflicts("learn"),
    )
    .addOption(
      listOption(
        "--key <file>",
        "the model has to be signed with this public key; may be given again",
      ).conflicts("learn"),
    )
    .addOption(
      new Option(
        "--policy <file>",
        "the model has to be signed as this trust policy wants",
      ).conflicts("learn"),
    )
    .option("--foreground <command>", "the command that keeps it in the foreground (Type=forking)")
    .option("--relax", "take back settings of the unit that Galgo itself can not run under")
    .option("-o, --output <file>", "where the drop-in is written (default: stdout)")
    .option("--json", "print JSON")
    .action(async (unit, options) =>
      (await import("./commands/systemd-unit.ts")).systemdUnit(unit, options),
    );
}
