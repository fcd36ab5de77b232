// SPDX-License-Identifier: Apache-2.0
// The commands below `galgo model` as a table. Only the command that runs is loaded.
import { Argument, type Command, Option } from "commander";
import {
  digestOption,
  listOption,
  mappingOption,
  positive,
  positives,
  requireOption,
} from "./options.ts";

/** `galgo model ...`: adds all of them to the command line. */
export function addModel(program: Command): void {
  const model = program
    .command("model")
    .description("look at, compare and combine models")
    .enablePositionalOptions();
  const load = () => import("./commands/model.ts");
  model
    .command("show")
    .description("print what a model says of itself")
    .argument("<model>")
    .option(
      "--tests",
      "instead: the behaviours that each test contributed, from the records beside it",
    )
    .option("--json", "print JSON")
    .action(async (file, options) => (await load()).modelShow(file, options));
  model
    .command("diff")
    .description(
      "what the workload does more, less and otherwise by another model; exit status 0 same, 1 different, 2 trouble",
    )
    .argument("<a>", "the older model")
    .argument("<b>", "the newer model")
    .option("--all", "show every line of long lists")
    .addOption(new Option("--json", "print JSON").conflicts(["sarif", "markdown"]))
    .addOption(new Option("--sarif", "print SARIF 2.1.0, for pull requests").conflicts("markdown"))
    .option("--markdown", "print Markdown, for a comment")
    .action(async (a, b, options) =>
      (await import("./commands/model-diff.ts")).modelDiff(a, b, options),
    );
  model
    .command("merge")
    .description("combine models of the same mapping, digest and profile into one")
    .argument("<model...>")
    .requiredOption("-o, --output <model>", "where the result is written")
    .option("--name <name>", "name of the result (default: the first model's)")
    .option("--json", "print JSON")
    .action(async (files, options) => (await load()).modelMerge(files, options));
  model
    .command("lint")
    .description(
      "say whether a model is ready to be enforced, and why not; exit status 0 ready, 1 not, 2 trouble",
    )
    .argument("<model>")
    .addOption(requireOption("one more behaviour that it must have, looked for in its records"))
    .addOption(listOption("--allow <finding>", "do not let this finding stand in the way"))
    .option("--strict", "let notes stand in the way, too")
    .option("--json", "print JSON")
    .action(async (file, options) =>
      (await import("./commands/model-lint.ts")).modelLint(file, options),
    );
  addModelChanges(model);
  addModelForms(model);
  addModelExport(model);
}

function addModelExport(model: Command): void {
  model
    .command("export")
    .description(
      "write what the records beside a sealed model say it allows in a form that others enforce, and say what is lost",
    )
    .argument("<model>")
    .addOption(
      new Option("--to <form>", "seccomp profile of a container, drop-in of a unit, Landlock rules")
        .choices(["oci-seccomp", "systemd", "landlock"])
        .makeOptionMandatory(),
    )
    .option("-o, --output <file>", "where the result is written (default: stdout)")
    .option("--allow-loss", "although behaviours of the model have no record")
    .option("--json", "print JSON: the result as text, and the losses")
    .action(async (file, options) =>
      (await import("./commands/model-export.ts")).modelExport(file, options),
    );
}

function addModelChanges(model: Command): void {
  model
    .command("seal")
    .description("close a model: only a sealed one can be enforced")
    .argument("<model>")
    .option("-o, --output <model>", "write here instead of replacing the file")
    .option("--allow-loss", "seal although events were lost while learning")
    .option("--json", "print JSON")
    .action(async (file, options) =>
      (await import("./commands/model.ts")).modelSeal(file, options),
    );
  model
    .command("amend")
    .description(
      "add exactly what violations of a run showed; shows it, and writes only with --yes or -o",
    )
    .argument("<model>")
    .argument("<name|file>", "name of a workload (its latest run), or a forensics.jsonl")
    .addArgument(new Argument("[n...]", "which violations, from 1").argParser(positives))
    .option("--all", "every violation of the run")
    .option("--yes", "write the changed model, in place of the old one")
    .option("-o, --output <model>", "write the changed model here")
    .option("--run <id>", "an earlier run of that name")
    .addOption(
      listOption(
        "--rule <rule>",
        "learn the model anew from its records with this rule: path:/srv/data/{hex:40}",
      ),
    )
    .option("--other-model", "take violations of a run under another model")
    .option("--json", "print JSON")
    .action(async (file, source, numbers, options) =>
      (await import("./commands/model-amend.ts")).modelAmend(file, source, numbers, options),
    );
  model
    .command("promote")
    .description(
      "vouch for a model when its last shadow runs (galgo run --detect) were clean; exit status 0 promoted, 1 not yet, 2 trouble",
    )
    .argument("<model>")
    .requiredOption("-o, --output <model>", "where the promoted model is written")
    .addOption(
      new Option("--runs <n>", "how many of the last shadow runs have to be clean")
        .argParser(positive)
        .default(3),
    )
    .option("--name <name>", "name of the workload whose runs count (default: the model's)")
    .option("--json", "print JSON")
    .action(async (file, options) =>
      (await import("./commands/model-promote.ts")).modelPromote(file, options),
    );
}

function addModelForms(model: Command): void {
  const load = () => import("./commands/model-forms.ts");
  model
    .command("convert")
    .description("carry a model over between Galgo's form and the text form of TSEM and Quixote")
    .argument("<model>")
    .requiredOption("-o, --output <model>", "where the result is written; - is stdout")
    .addOption(
      new Option("--to <form>", "the form of the result")
        .choices(["galgo", "quixote"])
        .makeOptionMandatory(),
    )
    .addOption(mappingOption("how the states of a text model were made (default: quixote-2025)"))
    .addOption(digestOption("digest that a text model was made with (default: sha256)"))
    .option("--name <name>", "name of the Galgo model (default: the file's)")
    .option("--key <file>", "public key (PEM) that must have signed the text model")
    .option("--sign-key <file>", "private RSA key (PEM) that signs the text model that is written")
    .option("--allow-loss", "write although the other form can not hold what the model means")
    .option("--json", "print JSON")
    .action(async (file, options) => (await load()).modelConvert(file, options));
  model
    .command("pseudonym")
    .description("print the pseudonyms of paths, whose files' contents shall not count")
    .argument("[path...]")
    .option(
      "--trajectory <file>",
      "also those of the files that these records open or map (- is stdin)",
    )
    .addOption(digestOption("digest of the pseudonyms (default: the model's, or sha256)"))
    .option("-m, --model <model>", "add them to this model")
    .option("-o, --output <model>", "where the changed model is written")
    .option("--json", "print JSON")
    .action(async (paths, options) => (await load()).modelPseudonym(paths, options));
  model
    .command("measure")
    .description("recompute the measurement of a model, or of a list of coefficients (- is stdin)")
    .argument("<model>")
    .option("--state", "print the state, which does not depend on the order, instead")
    .option("--aggregate <hex>", "take this aggregate instead of the model's")
    .option("--base <hex>", "take this base instead of the model's")
    .addOption(digestOption("digest of a text model or a list (default: sha256)"))
    .option("--json", "print JSON")
    .action(async (file, options) => (await load()).modelMeasure(file, options));
}
