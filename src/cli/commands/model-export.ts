// SPDX-License-Identifier: Apache-2.0
// galgo model export: a model in the form of what others enforce, and what is lost on the way.
import { quote } from "../../base/quote.ts";
import { type ExportForm, exportModel, lossLine } from "../../orchestrator/export/index.ts";
import { out, outJson, plural, say } from "../render.ts";

interface ExportOptions {
  readonly to: ExportForm;
  readonly output?: string;
  readonly allowLoss?: boolean;
  readonly json?: boolean;
}

export async function modelExport(file: string, options: ExportOptions): Promise<void> {
  const { to, output, allowLoss, json } = options;
  const result = exportModel({
    file,
    to,
    allowLoss: allowLoss === true,
    ...(output === undefined || output === "-" ? {} : { output }),
  });
  if (json === true)
    outJson({ model: file, ...(output === undefined ? {} : { output }), ...result });
  else if (output === undefined || output === "-") out(result.text);
  for (const loss of result.losses) say(lossLine(loss));
  if (result.foreign > 0)
    say(`${plural(result.foreign, "record")} of what the model does not allow left out`);
  say(
    `${result.told} of ${plural(result.behaviours, "behaviour")} as ${to}` +
      (output === undefined || output === "-" ? "" : ` in ${quote(output)}`),
  );
}
