// SPDX-License-Identifier: Apache-2.0
// galgo model show | merge | lint | seal.
import { quote } from "../../base/quote.ts";
import {
  loadModelRecords,
  mergeModelFiles,
  recordsFileOf,
  sealModelFile,
  useModelFile,
} from "../../orchestrator/inspect/index.ts";
import { printModel } from "../model-text.ts";
import { sayFound } from "../found-text.ts";
import { outJson, plural, say } from "../render.ts";

interface JsonOption {
  readonly json?: boolean;
}

export async function modelShow(
  file: string,
  options: JsonOption & { readonly tests?: boolean },
): Promise<void> {
  const { model, signature } = useModelFile(file);
  if (options.tests === true) {
    const { printTests } = await import("../tests-text.ts");
    printTests(loadModelRecords(recordsFileOf(file), model), options.json === true);
  } else if (options.json === true) outJson(model);
  else printModel(model, signature);
}

export async function modelMerge(
  files: readonly string[],
  options: JsonOption & { readonly output: string; readonly name?: string },
): Promise<void> {
  const { output, name, json } = options;
  const result = mergeModelFiles({ files, output, ...(name === undefined ? {} : { name }) });
  const { model, learned, recordsFile } = result;
  if (json === true)
    outJson({
      model: output,
      records: recordsFile,
      runs: model.spec.completeness.runs,
      learnedAgain: learned !== undefined,
      rules: learned?.rules ?? [],
      varying: learned?.varying ?? [],
      state: model.spec.state,
      behaviours: model.spec.points.length,
    });
  if (learned !== undefined) sayFound(learned.rules, learned.varying);
  if (learned !== undefined) say(`learned from ${plural(learned.given.length, "run")}`);
  if (recordsFile === undefined)
    say("not all of them have their records: galgo why will not be able to name everything");
  say(
    `${plural(model.spec.points.length, "behaviour")} in ${quote(output)}, ${model.spec.sealed ? "sealed" : "not sealed"}`,
  );
}

export async function modelSeal(
  file: string,
  options: JsonOption & { readonly output?: string; readonly allowLoss?: boolean },
): Promise<void> {
  const { output, allowLoss, json } = options;
  const model = sealModelFile({
    file,
    allowLoss: allowLoss === true,
    ...(output === undefined ? {} : { output }),
  });
  if (json === true) outJson({ model: output ?? file, sealed: true, state: model.spec.state });
  say(`sealed: ${plural(model.spec.points.length, "behaviour")}, state ${model.spec.state}`);
}
