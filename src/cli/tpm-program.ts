// SPDX-License-Identifier: Apache-2.0
// `galgo tpm` as a table. Only the command that runs is loaded.
import { type Command, Option } from "commander";

const load = () => import("./commands/tpm.ts");

export function addTpm(program: Command): void {
  const tpm = program
    .command("tpm")
    .description("the TPM of this machine: what it is, and how a verifier gets to know its key")
    .enablePositionalOptions();
  withTpm(
    tpm.command("show").description("print what the TPM is, its attestation key and its PCRs"),
  )
    .option("--pem", "print the attestation key as PEM instead")
    .option("--json", "print JSON")
    .action(async (options) => (await load()).tpmShow(options));
  withTpm(
    tpm
      .command("enroll")
      .description("write the keys of the TPM, and the certificate of its maker, for a verifier"),
  )
    .option("-o, --output <file>", "where to write (default: stdout)")
    .option("--certificate <file>", "certificate of the endorsement key, when the TPM has it not")
    .addOption(new Option("--family <family>", "which endorsement key").choices(["ecc", "rsa"]))
    .action(async (options) => (await load()).tpmEnroll(options));
  addVerifierSide(tpm);
  withTpm(
    tpm
      .command("answer")
      .description("open a verifier's challenge, which only this TPM can")
      .argument("<challenge>"),
  )
    .option("-o, --output <file>", "where to write (default: stdout)")
    .action(async (challenge, options) => (await load()).tpmAnswer(challenge, options));
  tpm
    .command("unpack")
    .description("write the quote of a piece of evidence for tpm2_checkquote (docs/tpm.md)")
    .argument("<evidence>", "JWT or CWT")
    .requiredOption("--key <file>", "public key (PEM) that signed the evidence")
    .requiredOption("-o, --output <folder>", "where the files are written")
    .option("--json", "print JSON")
    .action(async (evidence, options) =>
      (await import("./commands/tpm-unpack.ts")).tpmUnpack(evidence, options),
    );
}

/** What needs no TPM. */
function addVerifierSide(tpm: Command): void {
  tpm
    .command("challenge")
    .description("for a verifier: make a challenge that only the TPM of an enrollment can open")
    .argument("<enrollment>")
    .option("--roots <file>", "certificates (PEM) of makers of TPMs whose word counts")
    .option("--any-maker", "ask for no maker's word: then nobody says that it is a TPM")
    .requiredOption("--expect <file>", "where to keep what the answer has to be")
    .option("-o, --output <file>", "where to write the challenge (default: stdout)")
    .action(async (enrollment, options) =>
      (await import("./commands/tpm-verifier.ts")).tpmChallenge(enrollment, options),
    );
  tpm
    .command("confirm")
    .description(
      "for a verifier: exit status 0 when the answer is right, else 1; prints the key's name",
    )
    .argument("<answer>")
    .requiredOption("--expect <file>", "what was kept when the challenge was made")
    .option("--json", "print JSON")
    .action(async (answer, options) =>
      (await import("./commands/tpm-verifier.ts")).tpmConfirm(answer, options),
    );
}

function withTpm(command: Command): Command {
  return command.option("--tpm <address>", "device, unix:/PATH or tcp:HOST:PORT", "/dev/tpmrm0");
}
