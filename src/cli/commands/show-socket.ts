// SPDX-License-Identifier: Apache-2.0
// galgo show --quixote-socket PATH WHAT: asks a workload that is running, as a console of Quixote does.
import { join } from "node:path";
import { quote } from "../../base/quote.ts";
import {
  ConsoleError,
  isSocketDirectory,
  listSockets,
  openConsole,
} from "../../orchestrator/quixote/index.ts";
import type { ConsoleSession, ListCommand } from "../../orchestrator/quixote/index.ts";
import { recordJson, recordWords } from "../foreign-record.ts";
import { outJson, outLine, say } from "../render.ts";
import { CONSOLE_SUBJECTS } from "../subjects.ts";
import type { ConsoleSubject } from "../subjects.ts";

/** After this time somebody who waits is told for what. */
const WAIT_NOTICE_MS = 2_000;
const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

interface SocketOptions {
  readonly json?: boolean;
}

/** `words`: [WHAT], or [NAME, WHAT] when the path is a directory; nothing lists what is in it. */
export async function showSocket(
  path: string,
  words: readonly string[],
  options: SocketOptions,
): Promise<void> {
  const json = options.json === true;
  const isDirectory = isSocketDirectory(path);
  if (isDirectory && words.length === 0) return printNames(listSockets(path), json);
  const [first = "", second] = words;
  const target = isDirectory && second !== undefined ? join(path, first) : path;
  const subject = second ?? first;
  if (isDirectory === (second === undefined) || !isConsoleSubject(subject)) {
    throw new ConsoleError(
      "NO_SOCKET",
      `what to ask is one of ${CONSOLE_SUBJECTS.join(", ")}; before it, the name of the workload when ${quote(path)} is a directory`,
    );
  }
  const session = await openConsole(target);
  await inSession(session, (stopped) => print(session, subject, new Printer(json, stopped)));
}

function isConsoleSubject(text: string): text is ConsoleSubject {
  return (CONSOLE_SUBJECTS as readonly string[]).includes(text);
}

function printNames(names: readonly string[], json: boolean): void {
  if (json) outJson(names);
  else for (const name of names) outLine(quote(name));
  if (names.length === 0 && !json) say("no workload is running there");
}

/** Sees to it that the session is ended in order, also after a signal or when nobody reads what is printed. */
async function inSession(
  session: ConsoleSession,
  work: (stopped: () => boolean) => Promise<void>,
): Promise<void> {
  let status: number | undefined;
  const stop = (signal: keyof typeof SIGNALS): void => {
    if (status !== undefined) process.exit(status);
    status = 128 + SIGNALS[signal];
    say("reading the rest of the answer, so that the session ends in order; once more leaves now");
  };
  for (const signal of Object.keys(SIGNALS)) process.on(signal, stop);
  const waiting = setTimeout(() => {
    say("waiting for the orchestrator: it serves one console at a time");
  }, WAIT_NOTICE_MS);
  try {
    await work(() => {
      clearTimeout(waiting);
      return status !== undefined;
    });
  } finally {
    clearTimeout(waiting);
    await session.end();
    for (const signal of Object.keys(SIGNALS)) process.off(signal, stop);
    if (status !== undefined) process.exitCode = status;
  }
}

async function print(
  session: ConsoleSession,
  subject: ConsoleSubject,
  printer: Printer,
): Promise<void> {
  switch (subject) {
    case "state":
    case "measurement":
      return printer.value(subject, await session.value(subject));
    case "map": {
      const { aggregate, coefficients } = await session.map();
      return printer.map(aggregate, coefficients.texts());
    }
    case "trajectory":
    case "forensics":
    case "events":
      return printer.records((await session.list(subject)).texts());
    case "counts":
    case "forensics-counts":
      return printer.list((await session.list(COMMAND_OF[subject])).texts(), toCount);
    case "coefficients":
    case "forensics-coefficients":
      return printer.list((await session.list(COMMAND_OF[subject])).texts(), toCoefficient);
  }
}

const COMMAND_OF = {
  counts: "counts",
  "forensics-counts": "forensicsCounts",
  coefficients: "coefficients",
  "forensics-coefficients": "forensicsCoefficients",
} as const satisfies Readonly<Record<string, ListCommand>>;

function toCount(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new ConsoleError(
    "BAD_ANSWER",
    `the orchestrator sent ${quote(text)} where a count belongs`,
  );
}

function toCoefficient(text: string): string {
  if (/^[0-9a-f]+$/.test(text)) return text;
  throw new ConsoleError(
    "BAD_ANSWER",
    `the orchestrator sent ${quote(text)} where a coefficient belongs`,
  );
}

/** Writes answers as they come; stops when nobody reads them or `stopped` says so. */
class Printer {
  readonly #json: boolean;
  readonly #stopped: () => boolean;

  constructor(json: boolean, stopped: () => boolean) {
    this.#json = json;
    this.#stopped = stopped;
  }

  value(name: string, hex: string): void {
    if (this.#json) outJson({ [name]: hex });
    else outLine(hex);
  }

  async list<T>(texts: AsyncIterable<string>, read: (text: string) => T): Promise<void> {
    const values: T[] = [];
    for await (const text of texts) {
      const value = read(text);
      if (this.#stopped()) return;
      if (this.#json) values.push(value);
      else if (!outLine(String(value))) return;
    }
    if (this.#json) outJson(values);
  }

  /** Lines of a model file of Quixote. */
  async map(aggregate: string, texts: AsyncIterable<string>): Promise<void> {
    const points: string[] = [];
    for await (const text of texts) points.push(toCoefficient(text));
    if (this.#stopped()) return;
    if (this.#json) return void outJson({ aggregate, coefficients: points });
    const lines = [`aggregate ${aggregate}`, ...points.map((point) => `state ${point}`)];
    for (const line of [...lines, "seal", "end"]) if (!outLine(line)) return;
  }

  async records(texts: AsyncIterable<string>): Promise<void> {
    for await (const text of texts) {
      if (this.#stopped()) return;
      if (!outLine(this.#json ? recordJson(text) : recordWords(text))) return;
    }
  }
}
