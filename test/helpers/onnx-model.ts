// SPDX-License-Identifier: Apache-2.0
// A small ONNX model as bytes: the score of a window is the sum of its features with weights. The protobuf of onnx.proto, written by hand.

/** @param width features of a window; others than ours make a model that does not fit */
export function weightedSum(weights: Readonly<Record<number, number>>, width: number): Uint8Array {
  const values = new Float32Array(width);
  for (const [at, weight] of Object.entries(weights)) values[Number(at)] = weight;
  const node = bytes(text(1, "windows"), text(1, "weights"), text(2, "score"), text(4, "MatMul"));
  const tensor = bytes(
    number(1, width),
    number(1, 1),
    number(2, FLOAT),
    text(8, "weights"),
    field(9, new Uint8Array(values.buffer)),
  );
  const graph = bytes(
    field(1, node),
    text(2, "weighted sum"),
    field(5, tensor),
    field(11, valueInfo("windows", width)),
    field(12, valueInfo("score", 1)),
  );
  const opset = bytes(text(1, ""), number(2, 13));
  return bytes(number(1, 8), field(7, graph), field(8, opset));
}

const FLOAT = 1;

/** float32 [windows, columns] */
function valueInfo(name: string, columns: number): Uint8Array {
  const shape = bytes(field(1, text(2, "windows")), field(1, number(1, columns)));
  const tensor = bytes(number(1, FLOAT), field(2, shape));
  return bytes(text(1, name), field(2, field(1, tensor)));
}

function bytes(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function varint(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) digits.push((rest % 0x80) | 0x80);
  return Uint8Array.from([...digits, rest]);
}

function number(tag: number, value: number): Uint8Array {
  return bytes(varint(tag * 8), varint(value));
}

function field(tag: number, content: Uint8Array): Uint8Array {
  return bytes(varint(tag * 8 + 2), varint(content.length), content);
}

function text(tag: number, value: string): Uint8Array {
  return field(tag, new TextEncoder().encode(value));
}
