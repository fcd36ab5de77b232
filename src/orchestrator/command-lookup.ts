// SPDX-License-Identifier: Apache-2.0
// Finds a command along PATH as execvp(3) does, so that "not found" and "not executable" are known before anything starts.
import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../base/quote.ts";
import { CommandError } from "./errors.ts";

/** What PATH is when it is not set: the C library's own default. */
const DEFAULT_PATH = "/bin:/usr/bin";

type Finding = "ok" | "absent" | "refused";

/**
 * Path of the program that `command` names: itself when it contains a slash, else the first executable file along
 * `searchPath`. The result is not made absolute: the workload sees the name a shell would have used.
 * @throws CommandError NOT_FOUND (exit status 127) or NOT_EXECUTABLE (126).
 */
export function findCommand(command: string, searchPath: string | undefined): string {
  if (command === "") throw notFound(command, "the command is empty");
  if (!command.includes("/")) return alongPath(command, searchPath ?? DEFAULT_PATH);
  const finding = inspect(command);
  if (finding === "ok") return command;
  throw finding === "absent" ? notFound(command, "no such file") : notExecutable(command);
}

function alongPath(command: string, searchPath: string): string {
  // an empty element means the current folder, as in every exec*p()
  const candidates = searchPath
    .split(":")
    .map((dir) => (dir === "" ? `./${command}` : join(dir, command)));
  const findings = candidates.map(inspect);
  const found = candidates[findings.indexOf("ok")];
  if (found !== undefined) return found;
  const refused = candidates[findings.indexOf("refused")];
  throw refused === undefined
    ? notFound(command, "it is nowhere along PATH")
    : notExecutable(refused);
}

function inspect(path: string): Finding {
  try {
    if (!statSync(path).isFile()) return "refused";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EACCES" ? "refused" : "absent";
  }
  try {
    accessSync(path, constants.X_OK);
    return "ok";
  } catch {
    return "refused";
  }
}

function notFound(command: string, why: string): CommandError {
  return new CommandError("NOT_FOUND", `command ${quote(command)} not found: ${why}`);
}

function notExecutable(path: string): CommandError {
  return new CommandError(
    "NOT_EXECUTABLE",
    `${quote(path)} is not an executable file; see its mode with ls -l`,
  );
}
