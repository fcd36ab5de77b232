// SPDX-License-Identifier: Apache-2.0
// Files whose content is another in the second model: programs, libraries, scripts, configuration.
import type { FileId } from "../../event/cell/file.ts";
import type { SecurityEvent } from "../../event/event.ts";
import { HOOKS } from "../../event/index.ts";
import type { KindValue } from "../../event/layout.ts";
import { isProgramUse } from "../rules/file-use.ts";
import { type Behaviour, shownPath } from "./named.ts";
import { chainKey, namesOf, type Programs } from "./programs.ts";

/** A file with new content. */
export interface ContentChange {
  readonly path: string;
  /** `code`: a library or a script that is mapped; `file`: it is only read. */
  readonly use: "program" | "code" | "file";
  /** Behaviours that are the same but for this content. */
  readonly behaviours: number;
}

interface Pair {
  readonly before: Behaviour;
  readonly after: Behaviour;
}

const ORDER: readonly ContentChange["use"][] = ["program", "code", "file"];

/** The files whose content differs, programs first, each once; `pairs` are behaviours that are the same but for contents. */
export function contentChanges(
  before: Programs,
  after: Programs,
  pairs: readonly Pair[],
): readonly ContentChange[] {
  const found = new Map<string, { use: ContentChange["use"]; behaviours: number }>();
  const note = (path: string, use: ContentChange["use"], count: number): void => {
    const known = found.get(path);
    if (known === undefined) found.set(path, { use, behaviours: count });
    else {
      known.behaviours += count;
      if (ORDER.indexOf(use) < ORDER.indexOf(known.use)) known.use = use;
    }
  };
  for (const path of newPrograms(before, after)) note(path, "program", 0);
  for (const { before: was, after: is } of pairs) {
    const old = filesOf(was.mapped);
    const files = filesOf(is.mapped).filter(({ digest }, i) => digest !== old[i]?.digest);
    for (const file of files) note(shownPath(file.path.pathname), useOf(is.mapped, file), 1);
  }
  return [...found]
    .map(([path, { use, behaviours }]) => ({ path, use, behaviours }))
    .sort((a, b) => ORDER.indexOf(a.use) - ORDER.indexOf(b.use) || (a.path < b.path ? -1 : 1));
}

/** Programs that are started in the same way in both, with other contents. */
function newPrograms(before: Programs, after: Programs): ReadonlySet<string> {
  const [was, is] = [digestsOf(before), digestsOf(after)];
  const paths = new Set<string>();
  for (const [chain, { path, digests }] of is) {
    const old = was.get(chain)?.digests;
    if (old !== undefined && [...digests].some((digest) => !old.has(digest))) paths.add(path);
  }
  return paths;
}

function digestsOf(
  programs: Programs,
): ReadonlyMap<string, { readonly path: string; readonly digests: Set<string> }> {
  const found = new Map<string, { readonly path: string; readonly digests: Set<string> }>();
  for (const taskId of programs.taskIds) {
    const chain = programs.chainTo(taskId);
    const last = chain.at(-1);
    if (last?.path === undefined || last.digest === undefined) continue;
    const key = chainKey(namesOf(chain));
    const known = found.get(key) ?? { path: last.path, digests: new Set<string>() };
    known.digests.add(last.digest);
    found.set(key, known);
  }
  return found;
}

function filesOf(e: SecurityEvent): readonly FileId[] {
  const cell = e.cell as unknown as Readonly<Record<string, unknown>>;
  return HOOKS[e.hook].cell.flatMap(({ member, kind }) => {
    const value = kind === "file" ? cell[member] : undefined;
    return value === undefined ? [] : [value as KindValue["file"]];
  });
}

function useOf({ hook }: SecurityEvent, { flags }: FileId): ContentChange["use"] {
  if (hook === "file_open" && isProgramUse(hook, flags)) return "program";
  return isProgramUse(hook, flags) ? "code" : "file";
}
