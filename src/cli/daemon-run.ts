// SPDX-License-Identifier: Apache-2.0
// `galgo run` on behalf of a client of the daemon: the same words, read here and told there.
import { Command } from "commander";
import type { CommandLine, RunAsked, UnderstoodRun } from "../daemon/index.ts";
import { EXIT_GALGO, errorStatus } from "./exit-status.ts";
import { tellError } from "./error-text.ts";
import { voiceOf } from "./render.ts";
import { requestOf, tellingObserver, tellResult } from "./run-command.ts";
import { addRun, type RunOptions } from "./run-program.ts";

export const daemonCommandLine: CommandLine = { understand };

interface Words {
  readonly command: readonly string[];
  readonly options: RunOptions;
}

function understand(asked: RunAsked): UnderstoodRun | { readonly alone: string } {
  const words = wordsOf(asked.words);
  if (words === undefined) return { alone: "its words ask for no run" };
  const { command, options } = words;
  const special = specialOf(options);
  if (special !== undefined) return { alone: `${special} is not for a daemon` };
  const commandAt = asked.words.length - command.length;
  const isTail = command.every((word, i) => asked.words[commandAt + i] === word);
  if (command.length === 0 || !isTail) return { alone: "its command is not clear" };
  return understoodRun(words, asked, commandAt);
}

/** undefined: a mistake, or a question (--help), which the command line itself answers. */
function wordsOf(words: readonly string[]): Words | undefined {
  let found: Words | undefined;
  const program = new Command("galgo").enablePositionalOptions();
  addRun(program, (command, options) => {
    found = { command, options };
  });
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ writeOut: silent, writeErr: silent });
  try {
    program.parse([...words], { from: "user" });
  } catch {
    return undefined;
  }
  return found;
}

function silent(): void {
  // whoever does it himself says what is wrong
}

/** What only a process of its own can do. */
function specialOf(options: RunOptions): string | undefined {
  if (options.sensor !== "seccomp") return `--sensor ${options.sensor}`;
  // files of keys are to be read with the rights of who names them
  if (demandsSignature(options)) return "--require-signature";
  if (options.floor !== undefined || options.floorAllow !== undefined) return "--floor";
  // an agent elsewhere may take its time, and the thread that asks it decides for others too
  if (hasAgent(options)) return "--tma";
  // a file of the user's, read by a runtime of many formats: not with a daemon's rights
  if (options.agent !== undefined) return "--agent";
  if (options.attestKey !== undefined || options.evidence !== undefined) return "--attest-key";
  if (options.platform !== undefined || options.tpm !== undefined || options.ima === true)
    return "--platform";
  return options.quixoteSocket === undefined ? undefined : "--quixote-socket";
}

/** A fleet is asked by the daemon, from a thread of the run's own. */
function hasAgent({ tma, tmaKey }: RunOptions): boolean {
  return tmaKey !== undefined || (tma !== undefined && !/^remote:?(?:,|$)/.test(tma));
}

function demandsSignature({ requireSignature, key, policy }: RunOptions): boolean {
  return requireSignature === true || key !== undefined || policy !== undefined;
}

function understoodRun(
  { command, options }: Words,
  asked: RunAsked,
  commandAt: number,
): UnderstoodRun {
  const voice = voiceOf((text) => asked.write(text), asked.terminal, asked.env);
  const run: UnderstoodRun["run"] = async (read, start) => {
    try {
      const wanted = requestOf(command, options, asked);
      const { program, used = {} } = read();
      const request = { ...wanted, program, ...used };
      const result = await start(request, tellingObserver(request.mode, voice));
      return result === undefined ? undefined : tellResult(result, request, options, voice);
    } catch (error) {
      tellError(error, voice, asked.env);
      return errorStatus(error, EXIT_GALGO);
    }
  };
  return { commandAt, modelFile: options.model, run };
}
