// SPDX-License-Identifier: Apache-2.0
// `--agent onnx:FILE[,threshold=N]`: a model of the user's that judges windows of events.

export interface AgentRequest {
  readonly kind: "onnx";
  readonly file: string;
  /** A score this high is an anomaly. */
  readonly threshold: number;
}

export const DEFAULT_THRESHOLD = 0.5;

/** undefined: it is no agent. */
export function parseAgent(text: string): AgentRequest | undefined {
  const found = /^onnx:(.+?)(?:,threshold=(-?\d+(?:\.\d+)?))?$/s.exec(text);
  const [, file, threshold] = found ?? [];
  if (file === undefined) return undefined;
  return {
    kind: "onnx",
    file,
    threshold: threshold === undefined ? DEFAULT_THRESHOLD : Number(threshold),
  };
}
