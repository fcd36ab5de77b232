// SPDX-License-Identifier: Apache-2.0
// A user's ONNX model behind onnxruntime-node, which is installed by who wants it. Loaded in the thread of an agent, and nowhere else.
import { readFileSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { FEATURE_NAMES } from "../../model/features/index.ts";
import { RunError } from "../errors.ts";

/** Bytes of a model. */
const MAX_ONNX_BYTES: number = 512 * 1024 * 1024;

/** What of onnxruntime-node is used. */
interface Runtime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<Session>;
  };
  readonly Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => unknown;
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, unknown>): Promise<Record<string, Output | undefined>>;
}

interface Output {
  readonly type: string;
  readonly data: ArrayLike<unknown>;
}

/** Scores of windows. */
export interface OnnxModel {
  /** @param rows features, window after window @throws RunError NO_AGENT */
  score(rows: Float32Array, windows: number): Promise<Float32Array>;
}

export const HOW_TO_INSTALL =
  "npm install --global onnxruntime-node@1.30.0 --onnxruntime-node-install=skip (beside a global Galgo; without --global in a project), 290 MB";

/**
 * Reads a model and tries it on a window of zeros.
 * @throws RunError NO_AGENT: onnxruntime-node is not installed, or the model is not one of our windows
 */
export async function openOnnx(file: string): Promise<OnnxModel> {
  const runtime = await runtimeOf();
  const session = await sessionOf(runtime, file);
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  if (input === undefined || output === undefined || session.inputNames.length > 1)
    throw unfit(file, `has ${session.inputNames.length} inputs`);
  const width = FEATURE_NAMES.length;
  const model: OnnxModel = {
    score: async (rows, windows) => {
      const tensor = new runtime.Tensor("float32", rows, [windows, width]);
      const found = (await session.run({ [input]: tensor }))[output];
      return scoresOf(file, found, windows);
    },
  };
  try {
    // as many as no other dimension has
    await model.score(new Float32Array(3 * width), 3);
  } catch (error) {
    if (error instanceof RunError) throw error;
    throw unfit(file, `refuses a window (${firstLine(error)})`);
  }
  return model;
}

async function runtimeOf(): Promise<Runtime> {
  try {
    const loaded: unknown = await import("onnxruntime-node");
    const { default: whole } = loaded as { readonly default?: Runtime };
    return whole ?? (loaded as Runtime);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    const why = missing ? "is not installed" : `can not be loaded (${firstLine(cause)})`;
    throw new RunError(
      "NO_AGENT",
      `--agent: onnxruntime-node ${why}; install it: ${HOW_TO_INSTALL}`,
      {
        cause,
      },
    );
  }
}

async function sessionOf(runtime: Runtime, file: string): Promise<Session> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new RunError("NO_AGENT", `--agent: can not read ${quote(file)} (${code})`, { cause });
  }
  if (bytes.length > MAX_ONNX_BYTES)
    throw new RunError("NO_AGENT", `--agent: ${quote(file)} has more than ${MAX_ONNX_BYTES} bytes`);
  try {
    // one thread: the workload has the machine
    const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };
    return await runtime.InferenceSession.create(new Uint8Array(bytes), options);
  } catch (cause) {
    const problem = `--agent: ${quote(file)} is no ONNX model that can be used (${firstLine(cause)})`;
    throw new RunError("NO_AGENT", problem, { cause });
  }
}

/** The last number of each row: the only one, or the probability of the last class. */
function scoresOf(file: string, output: Output | undefined, windows: number): Float32Array {
  const data = output?.data ?? [];
  const columns = data.length / windows;
  if (output?.type !== "float32" || !Number.isInteger(columns) || columns < 1)
    throw unfit(file, `its first output is no float32 for each window`);
  return Float32Array.from({ length: windows }, (_, row) => {
    const score = Number(data[(row + 1) * columns - 1]);
    if (Number.isFinite(score)) return score;
    throw unfit(file, "a score is no finite number");
  });
}

function unfit(file: string, why: string): RunError {
  return new RunError(
    "NO_AGENT",
    `--agent: ${quote(file)}: ${why}; wanted: one input float32 [windows, ${FEATURE_NAMES.length}], first output float32 [windows] or [windows, n] (docs/features.md)`,
  );
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return quote(text.split("\n")[0] ?? "", 200);
}
