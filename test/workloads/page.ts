// SPDX-License-Identifier: Apache-2.0
// Pages of docs/ that are followed literally: their shell blocks are run one after the other in one shell, in a clone of this
// checkout, and the output blocks behind them have to be what came out. "```sh exit=N": the block ends with status N, else with 0.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { User, Workplace } from "./workplace.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** What the page can not know. */
const REPOSITORY = "<this repository>";
const MARK = "@@ block";
const MAX_PAGE_MS = 180_000;
/** What a checkout holds besides the files that are in the repository. */
const NOT_CLONED: ReadonlySet<string> = new Set([".git", "node_modules", "dist"]);

interface Block {
  /** Line of the page, for messages. */
  readonly line: number;
  readonly commands: string;
  readonly status: number;
  /** Lines that have to appear in this order; `...` is anything. */
  readonly output: string[];
}

function blocksOf(name: string): readonly Block[] {
  const page = readFileSync(join(ROOT, name), "utf8");
  const blocks: Block[] = [];
  for (const found of page.matchAll(/^```(\w+)(?: exit=(\d+))?\n(.*?)^```$/gms)) {
    const [, language, status = "0", text = ""] = found;
    const line = page.slice(0, found.index).split("\n").length;
    if (language === "sh")
      blocks.push({ line, commands: text, status: Number(status), output: [] });
    else if (language === "text") blocks.at(-1)?.output.push(...text.trimEnd().split("\n"));
    else throw new Error(`${name}:${line}: a block of ${language}`);
  }
  return blocks;
}

/** The lines of `expected` that do not come, in this order, among those of `said`. */
function missing(expected: readonly string[], said: string): readonly string[] {
  const lines = said.split("\n");
  let at = 0;
  return expected.filter((line) => {
    const parts = line.split("...").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    const shape = new RegExp(`^${parts.join(".*")}$`);
    const next = lines.findIndex((candidate, i) => i >= at && shape.test(candidate));
    if (next < 0) return true;
    at = next + 1;
    return false;
  });
}

/** A git repository with the files of this checkout as they are now. */
function repository(place: Workplace): string {
  place.world(() => {
    for (const name of readdirSync(ROOT))
      if (!NOT_CLONED.has(name)) cpSync(join(ROOT, name), place.path(name), { recursive: true });
  });
  const author = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
  place.prepare("git", "init", "-q");
  place.prepare("git", "add", ".");
  place.prepare("git", ...author, "commit", "-q", "-m", "as it is");
  return place.work;
}

/** One shell for the whole page; the status of each block is told behind it. */
function scriptOf(blocks: readonly Block[], place: Workplace): string {
  const source = repository(place);
  const parts = blocks.map(({ commands }, i) => {
    // what the first start would install and build is here already; test/house/start.test.ts is about that
    const { installed } = place;
    const built = [
      `ln -s ${installed}/node_modules galgo/`,
      `cp -r ${installed}/dist galgo/`,
      "touch galgo/dist/.stamp",
    ].join("\n");
    const literal = commands.replace(REPOSITORY, source);
    const first = literal.replace(/^(git clone .* galgo\n)/m, `$1${built}\n`);
    return `${first}printf '\\n${MARK} ${i} %s\\n' "$?"\n`;
  });
  return parts.join("");
}

/** Follows a page to its end. @param name of its file, from the root */
export function follow(name: string, place: Workplace, { uid }: User): void {
  const blocks = blocksOf(name);
  assert.ok(blocks.length > 10);
  const { stdout } = spawnSync("sh", ["-c", `exec 2>&1\n${scriptOf(blocks, place)}`], {
    cwd: place.folder,
    env: { ...place.env, GALGO_NO_APT: "1" },
    encoding: "utf8",
    // a page that waits for what does not come fails with what was said until then
    timeout: MAX_PAGE_MS,
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const said = stdout.split(new RegExp(`\\n${MARK} \\d+ `));
  for (const [i, { line, commands, status, output }] of blocks.entries()) {
    const where = `${name}:${line}\n${commands}`;
    const text = (said[i] ?? "").replace(/^\d+\n/, "");
    const ended = /^\d+/.exec(said[i + 1] ?? "")?.[0];
    assert.equal(ended, String(status), `${where} said\n${text}`);
    assert.deepEqual(missing(output, text), [], `${where} said\n${text}`);
  }
}
