// SPDX-License-Identifier: Apache-2.0
// The documents link to files and headings that exist, and name scripts and commands that exist.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, it } from "node:test";
import type { Command } from "commander";
import { createProgram } from "../../src/cli/program.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;

const documents = [...markdownIn("."), ...markdownIn("docs"), ...markdownIn("bench")];

function markdownIn(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return folder === "." ? [] : markdownIn(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** The anchors that a Markdown page gives its headings. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const headings = [...markdown.matchAll(/^#+ +(.+)$/gm)].map((match) => match[1] ?? "");
  const anchor = (heading: string): string =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
  return new Set(headings.map(anchor));
}

function faultOf(link: string, from: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? from : join(dirname(from), path);
  if (!existsSync(join(ROOT, target))) return `${link}: no such file`;
  if (anchor === undefined || !target.endsWith(".md")) return undefined;
  const known = anchorsOf(readFileSync(join(ROOT, target), "utf8"));
  return known.has(anchor) ? undefined : `${link}: no such heading`;
}

/** "galgo run", "galgo model show": what can be typed. */
function commandsOf(command: Command, before: string): string[] {
  return command.commands.flatMap((one) => {
    const name = `${before} ${one.name()}`;
    return one.commands.length === 0 ? [name] : commandsOf(one, name);
  });
}

/** Commands of the README's table, in which a word alone stands behind one with the same beginning: "`galgo model show`, `diff`". */
function listedCommands(): string[] {
  const table = /^## Commands$(.*?)^## /ms.exec(readFileSync(join(ROOT, "README.md"), "utf8"));
  let before = "galgo";
  return [...(table?.[1] ?? "").matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, words = ""]) => {
      if (!words.startsWith("galgo ")) return `${before} ${words}`;
      before = words.slice(0, words.lastIndexOf(" "));
      return words;
    }),
  );
}

describe("links in documents", () => {
  for (const document of documents) {
    it(document, () => {
      const text = readFileSync(join(ROOT, document), "utf8").replace(/```[\s\S]*?```/g, "");
      const links = [...text.matchAll(LINK)].map((match) => match[1] ?? "");
      assert.deepEqual(
        links.map((link) => faultOf(link, document)).filter((fault) => fault !== undefined),
        [],
      );
    });
  }

  it("the README lists the commands that there are", () => {
    // only main.ts adds the last one
    const there = [...commandsOf(createProgram(), "galgo"), "galgo completion"];
    assert.deepEqual(listedCommands().toSorted(), there.toSorted());
  });

  it("the npm scripts that documents name exist", () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const named = documents.flatMap((document) =>
      [...readFileSync(join(ROOT, document), "utf8").matchAll(/npm run ([a-z:]+)/g)].map(
        (match) => match[1] ?? "",
      ),
    );
    assert.deepEqual(
      named.filter((name) => !(name in manifest.scripts)),
      [],
    );
  });
});
