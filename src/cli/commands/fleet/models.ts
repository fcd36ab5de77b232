// SPDX-License-Identifier: Apache-2.0
// galgo fleet model ...: signed models that hosts get from the fleet.
import { readFileSync, writeFileSync } from "node:fs";
import { plural } from "../../../base/counts.ts";
import { quote } from "../../../base/quote.ts";
import { FleetClientError } from "../../../fleet/client/index.ts";
import type {
  BehaviourRow,
  ModelDiffAnswer,
  ModelKeyRow,
  ModelRow,
  Rows,
} from "../../../wire/api/index.ts";
import { EXIT_DIFFERENT } from "../../exit-status.ts";
import { type FleetAccessOptions, fleetClient } from "../../fleet-options.ts";
import { out, outJson, outLine, say, table } from "../../render.ts";

interface Options extends FleetAccessOptions {
  readonly json?: boolean;
}

const pathOf = (digest: string): string => `models/${encodeURIComponent(digest)}`;

export async function modelList(options: Options): Promise<void> {
  const { rows } = await fleetClient(options).get<Rows<ModelRow>>("models?limit=1000");
  if (options.json === true) {
    outJson(rows);
    return;
  }
  const lines = rows.map((row) => [
    quote(row.name, 60),
    `${row.version}`,
    row.digest,
    plural(row.behaviours, "behaviour"),
    row.signedBy.map((name) => quote(name, 40)).join(", "),
    plural(row.workloads, "workload"),
  ]);
  outLine(table([["NAME", "VERSION", "DIGEST", "", "SIGNED BY", ""], ...lines]));
}

export async function modelPush(file: string, options: Options): Promise<void> {
  const row = await fleetClient(options).postBytes<ModelRow>("models", bytesOf(file));
  tellModel(row, options);
}

export async function modelGet(
  digest: string,
  options: Options & { readonly output?: string },
): Promise<void> {
  const text = await fleetClient(options).text(`${pathOf(digest)}/file`);
  if (options.output === undefined) out(text);
  else writeFileSync(options.output, text);
}

export async function modelDiff(was: string, is: string, options: Options): Promise<void> {
  const path = `${pathOf(is)}/diff?with=${encodeURIComponent(was)}`;
  const { diff, kinds, unnamed } = await fleetClient(options).get<ModelDiffAnswer>(path);
  const nameless = [
    ...unnamed.less.map((coefficient) => ["-", "", coefficient]),
    ...unnamed.more.map((coefficient) => ["+", "", coefficient]),
  ];
  const named = diff.programs.flatMap(({ chain, changes }) =>
    changes.map(({ sign, words }) => [sign, chain.join(" -> "), words]),
  );
  const terms = [
    ...diff.terms.map(({ what, was: before, is: after }) => ["~", what, `${before} -> ${after}`]),
    ...diff.rules.map(({ sign, words }) => [sign, "rule", words]),
  ];
  const lines = [...terms, ...named, ...nameless];
  if (lines.length > 0) process.exitCode = EXIT_DIFFERENT;
  if (options.json === true) {
    outJson({ diff, kinds, unnamed });
    return;
  }
  if (lines.length > 0) outLine(table(lines));
  say(`${plural(diff.common, "behaviour")} in common`);
}

export async function modelCandidates(digest: string, options: Options): Promise<void> {
  const path = `${pathOf(digest)}/candidates?limit=1000`;
  const { rows, total } = await fleetClient(options).get<Rows<BehaviourRow>>(path);
  if (options.json === true) {
    outJson(rows);
    return;
  }
  const lines = rows.map(({ coefficient, words, workloads }) => [
    coefficient,
    quote(words === "" ? "not described" : words, 200),
    plural(workloads, "workload"),
  ]);
  if (lines.length > 0) outLine(table(lines));
  say(`${plural(total, "behaviour")} outside of the model`);
}

export async function modelApprove(
  digest: string,
  coefficients: readonly string[],
  options: Options & { readonly reason: string },
): Promise<void> {
  const { reason } = options;
  const body = { coefficients, reason };
  const row = await fleetClient(options).post<ModelRow>(`${pathOf(digest)}/approve`, body);
  tellModel(row, options);
}

export async function modelKeys(options: Options): Promise<void> {
  const { rows } = await fleetClient(options).get<Rows<ModelKeyRow>>("model-keys");
  if (options.json === true) {
    outJson(rows);
    return;
  }
  const lines = rows.map(({ id, name, own }) => [quote(name), id, own ? "the fleet's own" : ""]);
  outLine(table(lines));
}

export async function modelTrust(name: string, key: string, options: Options): Promise<void> {
  const publicKey = bytesOf(key).toString("utf8");
  const row = await fleetClient(options).post<ModelKeyRow>("model-keys", { name, publicKey });
  if (options.json === true) outJson(row);
  else say(`models that ${quote(name)} (${row.id}) has signed are taken from now on`);
}

export async function modelDistrust(id: string, options: Options): Promise<void> {
  const done = await fleetClient(options).delete<object>(`model-keys/${encodeURIComponent(id)}`);
  if (options.json === true) outJson(done);
  else say(`models that ${quote(id, 80)} alone has signed are taken no more`);
}

function tellModel(row: ModelRow, { json }: Options): void {
  if (json === true) {
    outJson(row);
    return;
  }
  outLine(row.digest);
  const what = `${plural(row.behaviours, "behaviour")}, signed by ${row.signedBy.map((by) => quote(by, 60)).join(", ")}`;
  say(`${quote(row.name)}, version ${row.version}: ${what}`);
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const problem = `${quote(file)} can not be read (${why})`;
    throw new FleetClientError("NO_ACCESS", problem, { cause });
  }
}
