// SPDX-License-Identifier: Apache-2.0
// `galgo key`, `galgo sign` and `galgo verify` as a table. Only the command that runs is loaded.
import { type Command, Option } from "commander";
import { digestOption, listOption, positive } from "./options.ts";

/** Adds all of them to the command line. */
export function addSigning(program: Command): void {
  addKey(program);
  program
    .command("sign")
    .description(
      "sign a model with a private key, or add a signature to a signed one (docs/signing.md)",
    )
    .argument("<model>")
    .requiredOption("--key <file>", "private key (PEM; Ed25519 or ECDSA P-256)")
    .option(
      "--signer <program>",
      "instead of a private key: a program that signs what comes on its standard input (a key in a token or a TPM); --key is the public key then",
    )
    .requiredOption("-o, --output <file>", "where the signed model is written")
    .addOption(
      listOption(
        "--image <image>",
        "image that it is for: sha256:HEX or NAME@sha256:HEX; may be given again",
      ),
    )
    .addOption(listOption("--program <file>", "program file that it is for; may be given again"))
    .option("--sigstore", "write a Sigstore bundle instead of a DSSE envelope")
    .option("--json", "print JSON")
    .action(async (model, options) => (await import("./commands/sign.ts")).sign(model, options));
  addVerify(program);
  addVerifier(program);
}

function addVerifier(program: Command): void {
  const verifier = program
    .command("verifier")
    .description("verify evidence for others")
    .enablePositionalOptions();
  verifier
    .command("serve")
    .description("answer over HTTP: a challenge, evidence, a signed result (docs/verifier.md)")
    .requiredOption("--policy <file>", "verifier's policy; SIGHUP reads it again")
    .requiredOption("--key <file>", "private key (PEM) that signs results")
    .option("--listen <address>", "127.0.0.1:PORT, [::1]:PORT or unix:PATH", "127.0.0.1:7480")
    .option(
      "--authorities <file>",
      "certificates (PEM) of makers of TPMs: attestation keys in their TPMs can be enrolled",
    )
    .option("--enrolled <file>", "where the names of enrolled keys are kept")
    .action(async (options) =>
      (await import("./commands/verifier-serve.ts")).verifierServe(options),
    );
}

function addVerify(program: Command): void {
  program
    .command("verify")
    .description(
      "verify a signed model, or evidence of a workload (docs/verifier.md); exit status 0 good, 1 bad or not trusted, 2 trouble",
    )
    .argument(
      "<file>",
      "signed model (DSSE envelope, Sigstore bundle), text model of Quixote, or evidence (JWT, CWT)",
    )
    .addOption(
      listOption("--key <file>", "public key (PEM) whose signature counts; may be given again"),
    )
    .option(
      "--policy <file>",
      "trust policy of models: whose signature counts for which; or a verifier's policy",
    )
    .option("--subject <digest>", "sha256:HEX of the image or program that it has to be for")
    .option("--name <name>", "name that the model, or the workload, has to have")
    .option("-o, --output <model>", "write the model, without its signatures, when it is verified")
    .addOption(digestOption("digest that a text model was made with (default: sha256)"))
    .optionsGroup("Of evidence:")
    .option("--nonce <hex>", "challenge that it has to answer; without one it is refused")
    .option("--base <hex>", "base that the run was to begin with")
    .option("--run <id>", "run that it has to be about")
    .addOption(
      listOption("--model <file>", "signed model that the run should have; may be given again"),
    )
    .option(
      "--coefficients <file>",
      "coefficients of the run in their order: hex lines, or a JSON list",
    )
    .option("--records <run>", "name or folder of the run: to say what differs")
    .option("--at <time>", "verify as of this time (UTC) instead of now")
    .option("--result <file>", "write the result as a token (EAR) for others")
    .option("--result-key <file>", "private key (PEM) that signs the result")
    .optionsGroup("Options:")
    .addOption(new Option("--json", "print JSON"))
    .action(async (file, options) => (await import("./commands/verify.ts")).verify(file, options));
}

function addKey(program: Command): void {
  const key = program.command("key").description("keys that sign models").enablePositionalOptions();
  const load = () => import("./commands/key.ts");
  key
    .command("new")
    .description("make a key pair: the private half for its owner only, the public half beside it")
    .requiredOption("-o, --output <file>", "where the private half is written (PEM)")
    .option("--public <file>", "where the public half is written (default: beside it, .pub.pem)")
    .addOption(
      new Option("--type <type>", "kind of key").choices(["ed25519", "p256"]).default("ed25519"),
    )
    .option("--json", "print JSON")
    .action(async (options) => (await load()).keyNew(options));
  key
    .command("policy")
    .description(
      "print a trust policy that names these public keys, to go on from (docs/signing.md)",
    )
    .argument("<key...>", "files of public keys; each is named after its file")
    .addOption(
      listOption("--models <pattern>", "names of models that they may sign, * for any characters"),
    )
    .addOption(
      new Option("--threshold <n>", "so many of them have to sign").argParser(positive).default(1),
    )
    .option("--subject", "a model has to be for the image or program that runs")
    .option("-o, --output <file>", "where it is written (default: stdout)")
    .action(async (keys, options) => (await load()).keyPolicy(keys, options));
  key
    .command("show")
    .description(
      "print the id of a key, which signatures name; of a private one, of its public half",
    )
    .argument("<file>")
    .option("--pem", "print the public half as PEM instead")
    .option("--json", "print JSON")
    .action(async (file, options) => (await load()).keyShow(file, options));
}
