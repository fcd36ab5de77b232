// SPDX-License-Identifier: Apache-2.0
// ExecStart= lines: another program is put before the command, which stays as it is written (systemd.service(5), "COMMAND LINES").

/** A command line in its parts. */
export interface ExecLine {
  /** Special characters before the program: "-", ":", "+", "!". */
  readonly prefix: string;
  /** From the program on, as written. */
  readonly rest: string;
}

const PREFIX = /^[-@:+!|]*/;
/** A word as systemd splits them: quoted parts may hold blanks, a backslash takes the next character. */
const WORD = /(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^\s"'\\])+/gs;

export function parseExecLine(text: string): ExecLine {
  const prefix = PREFIX.exec(text)?.[0] ?? "";
  return { prefix, rest: text.slice(prefix.length).trim() };
}

/** Why Galgo can not be put before this command; undefined when it can. */
export function execFault({ prefix, rest }: ExecLine): string | undefined {
  const words: readonly string[] = rest.match(WORD) ?? [];
  const [program = ""] = words;
  if (program === "") return "no program is named";
  if (prefix.includes("@"))
    return 'the prefix "@" gives the program another name for itself, which galgo run can not';
  if (words.includes(";")) return "several commands in one line: write one ExecStart= for each";
  if (program.includes("$"))
    return "the program's name has a $, which would be taken for a variable behind galgo run";
  return undefined;
}

/** The line with `words` before the command. */
export function wrapped({ prefix, rest }: ExecLine, words: readonly string[]): string {
  return `${prefix}${words.map(execWord).join(" ")} ${rest}`;
}

/** One word of a command line, with everything in it that systemd would give a meaning. */
export function execWord(text: string): string {
  const plain = text.replaceAll("%", "%%").replaceAll("$", "$$$$");
  if (/^[A-Za-z0-9_./:@%$+,=-]+$/.test(plain)) return plain;
  return `"${plain.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
