// SPDX-License-Identifier: Apache-2.0
// galgo model convert | pseudonym | measure: models and the tools of TSEM and Quixote.
import { quote } from "../../base/quote.ts";
import type { DigestName, MappingName } from "../../model/index.ts";
import {
  convertModel,
  makePseudonyms,
  measureModel,
  ModelUseError,
  readInput,
  TEXT_MAPPING,
} from "../../orchestrator/inspect/index.ts";
import type {
  ConvertResult,
  PseudonymRequest,
  PseudonymResult,
} from "../../orchestrator/inspect/index.ts";
import { outJson, outLine, plural, say } from "../render.ts";

interface ConvertOptions {
  readonly output: string;
  readonly to: "galgo" | "quixote";
  readonly mapping?: MappingName;
  readonly digest?: DigestName;
  readonly name?: string;
  readonly key?: string;
  readonly signKey?: string;
  readonly allowLoss?: boolean;
  readonly json?: boolean;
}

export async function modelConvert(input: string, options: ConvertOptions): Promise<void> {
  const { output, to, mapping, digest, name, key, signKey, allowLoss, json } = options;
  const result = convertModel({
    input,
    output,
    to,
    allowLoss: allowLoss === true,
    ...(mapping === undefined ? {} : { mapping }),
    ...(digest === undefined ? {} : { digest }),
    ...(name === undefined ? {} : { name }),
    ...(key === undefined ? {} : { keyFile: key }),
    ...(signKey === undefined ? {} : { signKeyFile: signKey }),
  });
  for (const warning of result.warnings) say(`${quote(input)} ${warning}`);
  tellSigner(result);
  if (to === "galgo" && mapping === undefined)
    say(
      `taken as made with mapping ${TEXT_MAPPING}; --mapping tsem-v4 is that of a TSEM kernel's own agent`,
    );
  for (const loss of result.losses) say(`note: ${loss}`);
  if (json === true) outJson({ model: output, ...result });
  const { points, sealed, state } = result;
  say(
    `${plural(points, "behaviour")} in ${quote(output)}, ${sealed ? "sealed" : "not sealed"}` +
      (state === undefined ? "" : `, state ${state}`),
  );
}

function tellSigner({ signer, signedBy }: ConvertResult): void {
  if (signer !== undefined) {
    say(
      signer.expected
        ? `signed by the key that was asked for, ${signer.fingerprint}`
        : `unchanged since it was signed with the key ${signer.fingerprint}; whose that is, only --key FILE can tell`,
    );
  }
  if (signedBy !== undefined) say(`signed with the key ${signedBy}`);
}

interface PseudonymOptions {
  readonly trajectory?: string;
  readonly digest?: DigestName;
  readonly model?: string;
  readonly output?: string;
  readonly json?: boolean;
}

export async function modelPseudonym(
  paths: readonly string[],
  options: PseudonymOptions,
): Promise<void> {
  const { output, json } = options;
  const content = options.trajectory === "-" ? await readInput() : undefined;
  const result = makePseudonyms({
    ...pseudonymRequest(paths, options),
    ...(content === undefined ? {} : { trajectory: "stdin", content }),
  });
  const { pseudonyms, passedOver } = result;
  if (passedOver > 0)
    say(`${plural(passedOver, "record")} of other hooks than file_open and mmap_file passed over`);
  if (json === true) outJson(output === undefined ? { pseudonyms } : { model: output, ...result });
  else for (const pseudonym of pseudonyms) outLine(`pseudonym ${pseudonym}`);
  if (output !== undefined) tellAdded(result, output);
}

function pseudonymRequest(
  paths: readonly string[],
  { trajectory, digest, model, output }: PseudonymOptions,
): PseudonymRequest {
  if (paths.length === 0 && trajectory === undefined)
    throw new ModelUseError("BAD_OPTION", "give the paths, or records with --trajectory FILE");
  if ((model === undefined) !== (output === undefined))
    throw new ModelUseError("BAD_OPTION", "--model and --output belong together");
  return {
    paths,
    ...(trajectory === undefined ? {} : { trajectory }),
    ...(digest === undefined ? {} : { digest }),
    ...(model === undefined || output === undefined ? {} : { addTo: { model, output } }),
  };
}

function tellAdded({ added, learnedAgain }: PseudonymResult, output: string): void {
  say(`${plural(added, "new pseudonym")} in ${quote(output)}`);
  say(
    learnedAgain
      ? "its points were made anew from its records"
      : "its points are as they were: opens of these files are known only if they are learned with the pseudonyms",
  );
}

interface MeasureOptions {
  readonly state?: boolean;
  readonly aggregate?: string;
  readonly base?: string;
  readonly digest?: DigestName;
  readonly json?: boolean;
}

export async function modelMeasure(
  file: string,
  { state, aggregate, base, digest, json }: MeasureOptions,
): Promise<void> {
  const measured = measureModel({
    ...(file === "-" ? { file: "stdin", content: await readInput() } : { file }),
    ...(aggregate === undefined ? {} : { aggregate }),
    ...(base === undefined ? {} : { base }),
    ...(digest === undefined ? {} : { digest }),
  });
  if (json === true) outJson(measured);
  else outLine(state === true ? measured.state : measured.measurement);
  if (state !== true && measured.form === "galgo")
    say(
      "a Galgo model does not keep the order of its points: this is the measurement of the ascending one",
    );
}
