// SPDX-License-Identifier: Apache-2.0
// The Helm chart, rendered by Go's own template engine (render-chart.go), and what Kubernetes would say of the result.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";

export const CHART: string = fileURLToPath(new URL("../../deploy/helm/galgo/", import.meta.url));
export const MANIFESTS: string = fileURLToPath(
  new URL("../../deploy/kubernetes/galgo.yaml", import.meta.url),
);
/** The two test files that render charts compile Go's library once. */
const COMPILED = fileURLToPath(new URL("../../node_modules/.cache/go-build", import.meta.url));
const RENDERER = fileURLToPath(new URL("render-chart.go", import.meta.url));
const HEADER = `# SPDX-License-Identifier: Apache-2.0
# The chart of deploy/helm/galgo with its default values, for kubectl apply -f: written by test/deploy/write-manifests.ts.
`;

export type Values = Readonly<Record<string, unknown>>;

/** An object of Kubernetes. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Why charts can not be rendered here; false when they can. */
export const withoutGo: string | false =
  spawnSync("go", ["version"]).status === 0 ? false : "needs Go (golang-go)";

export function defaultValues(): Values {
  return parse(readFileSync(join(CHART, "values.yaml"), "utf8")) as Values;
}

/** Compiles the renderer. The caller removes it with `dispose`. */
export class Chart {
  readonly #folder = mkdtempSync(join(tmpdir(), "galgo-chart-"));
  readonly #program = join(this.#folder, "render");

  constructor() {
    const env = {
      ...process.env,
      GO111MODULE: "off",
      GOCACHE: COMPILED,
      CGO_ENABLED: "0",
    };
    const built = spawnSync("go", ["build", "-o", this.#program, RENDERER], {
      env,
      encoding: "utf8",
    });
    if (built.status !== 0) throw new Error(`can not build ${RENDERER}: ${built.stderr}`);
  }

  /** Text of each template. @throws Error what the engine says */
  render(changes: Values = {}): ReadonlyMap<string, string> {
    const names = readdirSync(join(CHART, "templates"));
    const input = {
      values: merged(defaultValues(), changes),
      chart: capitalised(parse(readFileSync(join(CHART, "Chart.yaml"), "utf8")) as Values),
      release: { Name: "galgo", Namespace: "galgo-system", Service: "Helm" },
      templates: Object.fromEntries(
        names.map((name) => [name, readFileSync(join(CHART, "templates", name), "utf8")]),
      ),
    };
    const ran = spawnSync(this.#program, [], { input: JSON.stringify(input), encoding: "utf8" });
    if (ran.status !== 0) throw new Error(ran.stderr);
    const texts = JSON.parse(ran.stdout) as Readonly<Record<string, string>>;
    return new Map(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** What kubectl would get, as one text. */
  manifestText(changes: Values = {}): string {
    const texts = [...this.render(changes)]
      .filter(([name]) => name.endsWith(".yaml"))
      .map(([, text]) => text.trim())
      .filter((text) => text !== "");
    return `${HEADER}${texts.map((text) => `---\n${text}\n`).join("")}`;
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** @throws Error when the text is no YAML, or has a key twice */
export function documentsOf(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => {
      const [error] = document.errors;
      if (error !== undefined) throw error;
      return document.toJS() as Manifest | null;
    })
    .filter((document) => document !== null);
}

/** As Helm merges values: objects member by member. */
function merged(base: Values, changes: Values): Values {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    const old = base[key];
    result[key] = isObject(old) && isObject(value) ? merged(old, value) : value;
  }
  return result;
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function capitalised(chart: Values): Values {
  const pairs = Object.entries(chart).map(([key, value]) => [
    `${key[0]?.toUpperCase()}${key.slice(1)}`,
    value,
  ]);
  return Object.fromEntries(pairs) as Values;
}
