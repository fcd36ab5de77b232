// SPDX-License-Identifier: Apache-2.0
// Objects of Kubernetes against its API: by the schemas of the package kubernetes-models (what is required, types, patterns), and by its types with a
// compiler (members that do not exist, which those schemas allow).
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Manifest } from "./chart.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Modules by apiVersion. */
const GROUPS: Readonly<Record<string, string>> = {
  v1: "v1",
  "apps/v1": "apps/v1",
  "rbac.authorization.k8s.io/v1": "rbac.authorization.k8s.io/v1",
};
const load = createRequire(import.meta.url);

interface Model {
  validate(): void;
}

function moduleOf({ apiVersion, kind }: Manifest): string {
  const group = GROUPS[apiVersion];
  if (group === undefined) throw new Error(`no schemas of ${apiVersion} are used here`);
  return `kubernetes-models/${group}/${kind}`;
}

/** @throws Error that names the member */
export function checkSchema(manifest: Manifest): void {
  const classes = load(moduleOf(manifest)) as Readonly<
    Record<string, new (data: Manifest) => Model>
  >;
  const Kind = classes[manifest.kind];
  if (Kind === undefined) throw new Error(`there is no ${manifest.kind}`);
  new Kind(manifest).validate();
}

/** What the compiler says of objects that are written where Kubernetes expects their kind; empty when they fit. */
export function checkTypes(manifests: readonly Manifest[]): string {
  const folder = mkdtempSync(join(ROOT, "node_modules", ".galgo-types-"));
  try {
    const lines = manifests.flatMap((manifest, at) => [
      `import type { I${manifest.kind} as Kind${at} } from "${moduleOf(manifest)}";`,
      `export const object${at}: Kind${at} = ${JSON.stringify(manifest)};`,
    ]);
    writeFileSync(join(folder, "objects.ts"), lines.join("\n"));
    const flags = [
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "--module",
      "preserve",
      "--ignoreConfig",
    ];
    const ran = spawnSync(join(ROOT, "node_modules/.bin/tsc"), [...flags, "objects.ts"], {
      cwd: folder,
      encoding: "utf8",
    });
    return ran.stdout + ran.stderr;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
