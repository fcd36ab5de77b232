// SPDX-License-Identifier: Apache-2.0
// galgo tma build | provision | test: agents that keep a model outside of Galgo's memory.
import { accessSync, constants, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { quote } from "../../base/quote.ts";
import { stateRoot } from "../../orchestrator/inspect/index.ts";
import {
  AgentError,
  buildImage,
  createPlainAgent,
  EVENT_BYTES,
  imageFolders,
  imageName,
  type ImagePlace,
  isBoard,
  BOARDS,
  localityText,
  parseLocality,
  provisionImage,
  readyPlace,
  selfTest,
  startAgent,
  type LatencyFound,
} from "../../tma/index.ts";
import { EXIT_DIFFERENT, EXIT_OK } from "../exit-status.ts";
import { count, microseconds, outJson, outLine, say, table } from "../render.ts";

interface BuildOptions {
  readonly tma: string;
  readonly output?: string;
  readonly json?: boolean;
}

interface ProvisionOptions {
  readonly tma: string;
  readonly output: string;
  readonly tmaKey: string;
  readonly json?: boolean;
}

interface TestOptions {
  readonly tma: string;
  readonly tmaKey?: string;
  readonly rounds: number;
  readonly json?: boolean;
}

const state = (): string => stateRoot(process.env, process.getuid?.() ?? -1);

export function tmaBuild({ tma, output, json }: BuildOptions): void {
  const place = imagePlace(tma);
  const built = buildImage(place, output ?? join(writableFolder(), imageName(place)));
  if (json === true) {
    outJson({ place, ...built });
    return;
  }
  outLine(
    table([
      ["file", quote(built.file)],
      ["bytes", count(built.bytes)],
      ["SHA-256", built.codeDigest],
    ]),
  );
}

export function tmaProvision({ tma, output, tmaKey, json }: ProvisionOptions): void {
  const place = imagePlace(tma);
  if (!isBoard(place)) {
    const why = "it is given a key when Galgo starts it";
    throw new AgentError("BAD_OPTION", `--tma ${place} needs no firmware: ${why}`);
  }
  const image = join(writableFolder(), imageName(place));
  buildImage(place, image);
  const made = provisionImage(image, output, tmaKey);
  if (json === true) {
    outJson({ place, key: tmaKey, ...made });
    return;
  }
  outLine(
    table([
      ["firmware", quote(made.file)],
      ["key", quote(tmaKey)],
      ["SHA-256", made.codeDigest],
    ]),
  );
  say(`when the board has it: galgo run --tma serial:/dev/DEVICE --tma-key ${quote(tmaKey)} ...`);
}

export function tmaTest({ tma, tmaKey, rounds, json }: TestOptions): void {
  const locality = parseLocality(tma, tmaKey);
  if (locality.kind === "sancho") {
    const why = "a Sancho device takes events and no coefficients, so it has no steps to compare";
    throw new AgentError("BAD_OPTION", `--tma ${tma}: ${why}; try it with galgo run`);
  }
  const place = readyPlace(locality, state());
  const began = performance.now();
  const agent = place === undefined ? createPlainAgent() : startAgent(place);
  const startMs = performance.now() - began;
  try {
    const found = selfTest(agent, rounds);
    process.exitCode = found.faults.length === 0 ? EXIT_OK : EXIT_DIFFERENT;
    if (json === true) {
      const { capacity } = agent;
      outJson({
        place: localityText(locality),
        codeDigest: place?.codeDigest,
        capacity,
        startMs,
        ...found,
      });
      return;
    }
    const rows: string[][] = [
      ["agent", quote(agent.name)],
      ["code", place?.codeDigest ?? "not seen from here"],
      [
        "room",
        Number.isSafeInteger(agent.capacity + 1)
          ? `${count(agent.capacity)} behaviours`
          : "no limit",
      ],
      ["first answer", `${Math.round(startMs)} ms`],
      ["checks", `${count(found.checks)}, ${count(found.faults.length)} wrong`],
      ["state", found.state],
      ["verdict", latency(found.verdict)],
      [`event of ${EVENT_BYTES} bytes`, latency(found.event)],
    ];
    outLine(table(rows));
    for (const fault of found.faults) say(`WRONG: ${fault}`);
  } finally {
    agent.close();
  }
}

function latency({ n, p50, p99 }: LatencyFound): string {
  return `p50 ${microseconds(p50)}, p99 ${microseconds(p99)} (${count(n)} times)`;
}

/** Boards that QEMU does not have can be built for as well. */
function imagePlace(text: string): ImagePlace {
  if (text === "process" || text === "vm") return text;
  const board = text.startsWith("serial:") ? text.slice("serial:".length) : "";
  if (isBoard(board)) return board;
  const known = ["process", "vm", ...Object.keys(BOARDS).map((name) => `serial:${name}`)].join(
    ", ",
  );
  throw new AgentError("BAD_OPTION", `--tma ${quote(text)}: agents are built for ${known}`);
}

/** The first folder of images that we may write to, or that can be made. */
function writableFolder(): string {
  const folders = imageFolders(state());
  const folder = folders.find((one) => mayWrite(one)) ?? folders.at(-1) ?? ".";
  mkdirSync(folder, { recursive: true });
  return folder;
}

function mayWrite(folder: string): boolean {
  for (const path of [folder, dirname(folder)]) {
    try {
      accessSync(path, constants.W_OK);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") return false;
    }
  }
  return false;
}
