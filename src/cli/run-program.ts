// SPDX-License-Identifier: Apache-2.0
// The words of `galgo run`, and what `galgo learn` has of them. A daemon reads them too, so nothing here does anything.
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  type AgentRequest,
  type AnomalyPolicy,
  parseAgent,
  parseAnomalyPolicy,
} from "../orchestrator/anomalies/index.ts";
import type { PlatformKind } from "../orchestrator/attest/platforms.ts";
import type { ViolationPolicy } from "../orchestrator/run-record.ts";
import { listOption, positive } from "./options.ts";
import type { SensorOptions } from "./sensor-options.ts";

export const PROFILES: readonly string[] = ["portable", "exact"];
const PLATFORMS: readonly PlatformKind[] = ["tpm", "configfs-tsm", "none", "auto"];
const SENSORS = ["seccomp", "bpf", "tsem"];

export interface RunOptions extends SensorOptions {
  readonly model?: string;
  readonly base?: string;
  readonly enforce?: boolean;
  readonly detect?: boolean;
  readonly onViolation?: ViolationPolicy;
  readonly onAnomaly?: AnomalyPolicy;
  readonly agent?: AgentRequest;
  readonly name?: string;
  readonly passStatus?: boolean;
  readonly allowWeaker?: boolean;
  readonly requireSignature?: boolean;
  readonly key?: readonly string[];
  readonly policy?: string;
  readonly floor?: boolean;
  readonly floorAllow?: readonly string[];
  readonly json?: boolean;
  readonly deadline: number;
  readonly onExit: "wait" | "kill";
  readonly service?: boolean;
  readonly quixoteSocket?: string;
  readonly attestKey?: string;
  readonly evidence?: string;
  readonly nonce?: string;
  readonly platform?: PlatformKind;
  readonly tpm?: string;
  readonly ima?: boolean;
}

/** @param act what the words are for */
export function addRun(
  program: Command,
  act: (command: readonly string[], options: RunOptions) => Promise<void> | void,
): void {
  const run = program
    .command("run")
    .description("run a command under a model, or record it without one");
  addModelUse(run)
    .addOption(
      new Option(
        "--on-violation <policy>",
        "deny the call, kill the workload, or only observe",
      ).choices(["deny", "kill", "observe"]),
    )
    .addOption(
      new Option(
        "--on-anomaly <policy>",
        "when allowed behaviours come in a strange order: observe, untrusted, kill, or freeze[=TIME][,then=kill|thaw] for a person's decision (docs/responses.md)",
      ).argParser(anomalyPolicy),
    )
    .addOption(
      new Option(
        "--agent <agent>",
        "a model of yours that looks for anomalies, too: onnx:FILE[,threshold=N] (docs/features.md)",
      ).argParser(agentOf),
    )
    .option("--name <name>", "name of the workload (default: the model's, else the command's)")
    .option(
      "--base <hex>",
      "base of measurement and state, chosen by who verifies the run: evidence of it can not have been made before",
    )
    .option("--pass-status", "exit with the command's status even after a violation")
    .option(
      "--floor",
      "with --enforce: let the kernel guard what is only read, and ask only about the rest (faster, sees less)",
    )
    .addOption(
      listOption(
        "--floor-allow <path>",
        "with --floor: every program may read this, although it is much or a secret; may be given again",
      ),
    )
    .option(
      "--require-signature",
      "refuse a model that nobody has signed whose key counts: --key or --policy say whose does, and mean the same alone",
    )
    .addOption(
      listOption("--key <file>", "public key (PEM) whose signature counts; may be given again"),
    )
    .option("--policy <file>", "trust policy: whose signature counts for which models")
    .option("--allow-weaker", "run although this machine sees less than the model was learned with")
    .option("--json", "print the result as JSON on stderr's last line");
  addEvidenceOptions(run)
    .option(
      "--evidence <file>",
      "with --attest-key and --nonce: write evidence of all that was done when the workload has ended (a JWT)",
    )
    .option("--nonce <hex>", "with --evidence: the verifier's challenge, 8 to 64 bytes");
  addSensor(run);
  addPlace(run);
  addLimits(run);
  addCommandArgument(run).action(act);
}

function anomalyPolicy(text: string): AnomalyPolicy {
  const policy = parseAnomalyPolicy(text);
  if (policy !== undefined) return policy;
  throw new InvalidArgumentError(
    "Expected observe, untrusted, kill, or freeze, freeze=5m, freeze=30s,then=thaw (1s to 168h).",
  );
}

function agentOf(text: string): AgentRequest {
  const agent = parseAgent(text);
  if (agent !== undefined) return agent;
  throw new InvalidArgumentError("Expected onnx:FILE or onnx:FILE,threshold=0.9.");
}

/** A run that is alone says who it is when it is asked, and what vouches for that. */
export function addEvidenceOptions(command: Command): Command {
  return command
    .option(
      "--attest-key <file>",
      "give evidence of the run, signed with this private key, to galgo attest (docs/evidence.md)",
    )
    .addOption(
      new Option(
        "--platform <platform>",
        "with --attest-key: what vouches for the evidence (default: none; with --tpm: tpm)",
      ).choices(PLATFORMS),
    )
    .option(
      "--tpm <address>",
      "with --attest-key: the TPM that vouches (/dev/tpmrm0, unix:/PATH, tcp:HOST:PORT; docs/tpm.md)",
    )
    .option("--ima", "with a TPM: the kernel's measurement list goes along");
}

/** The model of a workload, and what is done with it. */
export function addModelUse(command: Command): Command {
  return command
    .option(
      "-m, --model <model>",
      "the model; without it nothing is refused and everything is recorded",
    )
    .addOption(new Option("--enforce", "refuse what is not in the model").conflicts("detect"))
    .option("--detect", "record what is not in the model, refuse nothing (default with a model)");
}

export function addSensor(command: Command): void {
  command
    .addOption(
      new Option("--sensor <sensor>", "how events are seen").choices(SENSORS).default("seccomp"),
    )
    .option("--cgroup <path>", "bpf: model what runs in this cgroup, until interrupted; no command")
    .addOption(
      new Option(
        "--pid <pid>",
        "bpf: model this process and its descendants, until interrupted; no command",
      ).argParser(positive),
    )
    .option("--tsem-internal", "TSEM: let the kernel's own model decide, and read it at the end")
    .addOption(
      new Option("--tsem-nsref <namespace>", "TSEM: user namespace of the ids in events").choices([
        "initial",
        "current",
      ]),
    )
    .option("--tsem-model <name>", "TSEM: name of a model inside the kernel")
    .addOption(
      new Option(
        "--tsem-cache <n>",
        "TSEM: events in atomic context that can be described at a time",
      ).argParser(positive),
    );
}

export function addPlace(command: Command): void {
  command
    .option(
      "--tma <place>",
      "where the model is kept: in-process, wasm, process, vm, serial:BOARD, serial:/dev/DEVICE, sancho:/dev/DEVICE; or remote: to ask a fleet about what is outside of it (docs/tma.md)",
    )
    .option("--tma-key <file>", "with --tma serial:/dev/DEVICE: the key that its firmware has");
}

export function addLimits(command: Command): void {
  command
    .addOption(
      new Option("--deadline <ms>", "longest time that one decision may take")
        .argParser(positive)
        .default(10_000),
    )
    .addOption(
      new Option("--on-exit <what>", "background processes that outlive the command")
        .choices(["wait", "kill"])
        .default("wait"),
    )
    .option(
      "--service",
      "a service manager sends the signals: pass each one on, however often it comes (reload)",
    )
    .option(
      "--quixote-socket <dir>",
      "answer consoles of Quixote on the socket NAME in this directory",
    );
}

export function addCommandArgument(command: Command): Command {
  return command
    .argument("[command...]", "the command and its arguments, after --")
    .passThroughOptions();
}
