// SPDX-License-Identifier: Apache-2.0
// The bodies of types.ts as JSON Schemas, for the OpenAPI document. A test holds real answers against them.

/** A JSON value. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

type Schema = { readonly [name: string]: Json };

const TEXT: Schema = { type: "string" };
const COUNT: Schema = { type: "integer", minimum: 0 };
const MICROSECONDS: Schema = { type: "number", minimum: 0, description: "microseconds" };
const FLAG: Schema = { type: "boolean" };
const HEX: Schema = { type: "string", pattern: "^[0-9a-f]*$" };
const TIME: Schema = { type: "string", format: "date-time" };
const TEXTS: Schema = { type: "array", items: TEXT };

function choice(...values: readonly string[]): Schema {
  return { type: "string", enum: values };
}

/** An object of these members and no others; a name that ends with "?" may be absent. */
function object(members: Readonly<Record<string, Schema>>): Schema {
  const entries = Object.entries(members).map(([name, schema]): [string, Schema, boolean] => [
    name.replace(/\?$/, ""),
    schema,
    !name.endsWith("?"),
  ]);
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, schema]) => [name, schema])),
    required: entries.filter(([, , required]) => required).map(([name]) => name),
    additionalProperties: false,
  };
}

function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

const MODE = choice("free", "detect", "enforce");
const POLICY = choice("deny", "kill", "observe");

/** Schemas by name, as the document has them under components. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  DaemonHealth: object({
    status: choice("ready", "stopping"),
    pid: COUNT,
    version: TEXT,
    started: TIME,
    workloads: COUNT,
    "modelsSignedFor?": TEXT,
  }),
  FleetStatus: object({
    joined: FLAG,
    connected: FLAG,
    "url?": TEXT,
    "fleet?": TEXT,
    "host?": TEXT,
    "name?": TEXT,
    "group?": TEXT,
    "labels?": { type: "object", additionalProperties: TEXT },
    "since?": COUNT,
    "spool?": object({
      epoch: TEXT,
      oldest: COUNT,
      next: COUNT,
      parcels: COUNT,
      bytes: COUNT,
      dropped: { type: "object", additionalProperties: COUNT },
    }),
    "error?": TEXT,
  }),
  DaemonVersion: object({ version: TEXT, api: { const: "v1" } }),
  Fidelity: object({
    sensor: choice("seccomp", "bpf", "tsem", "replay"),
    sees: TEXTS,
    holds: TEXTS,
    absent: TEXTS,
    features: TEXTS,
  }),
  WorkloadOrigin: {
    oneOf: [
      object({ kind: { const: "command" }, pid: COUNT, command: TEXTS }),
      object({
        kind: { const: "container" },
        containerId: TEXT,
        pid: COUNT,
        "image?": TEXT,
        "imageDigest?": TEXT,
        "runtime?": TEXT,
        "bundle?": TEXT,
      }),
      object({ kind: { const: "attached" }, cgroup: TEXT }),
      object({ kind: { const: "attached" }, pid: COUNT }),
    ],
  },
  WorkloadStatus: object({
    id: TEXT,
    name: TEXT,
    mode: MODE,
    sealed: FLAG,
    onViolation: POLICY,
    sensor: choice("seccomp", "bpf", "tsem", "replay"),
    fidelity: ref("Fidelity"),
    started: TIME,
    status: choice("starting", "running", "ending"),
    origin: ref("WorkloadOrigin"),
    owner: COUNT,
    counts: object({
      events: COUNT,
      points: COUNT,
      trajectory: COUNT,
      violations: COUNT,
      refused: COUNT,
      lost: COUNT,
    }),
    held: FLAG,
    latency: object({
      count: COUNT,
      p50Us: MICROSECONDS,
      p99Us: MICROSECONDS,
      maxUs: MICROSECONDS,
      "histogram?": {
        type: "array",
        items: { type: "array", prefixItems: [MICROSECONDS, COUNT], minItems: 2, maxItems: 2 },
      },
    }),
    state: HEX,
    measurement: HEX,
    "model?": object({
      file: TEXT,
      name: TEXT,
      digest: HEX,
      "signedBy?": { type: "array", items: object({ name: TEXT, key: HEX }) },
    }),
    directory: TEXT,
  }),
  WorkloadList: object({ workloads: { type: "array", items: ref("WorkloadStatus") } }),
  WorkloadPoints: object({
    points: { type: "array", items: object({ coefficient: HEX, count: COUNT, valid: FLAG }) },
  }),
  WorkloadCoefficients: object({ coefficients: { type: "array", items: HEX } }),
  WorkloadPointCounts: object({ counts: { type: "array", items: COUNT } }),
  ControlOrder: {
    oneOf: [
      object({ verb: choice("seal", "enforce") }),
      object({ verb: choice("state", "pseudonym", "base"), value: TEXT }),
    ],
  },
  AttestOrder: object({
    nonce: { type: "string", pattern: "^(?:[0-9A-Fa-f]{2}){8,64}$" },
    "form?": choice("jwt", "cwt"),
  }),
  AttestAnswer: object({
    form: choice("jwt", "cwt"),
    evidence: { ...TEXT, description: "the token; a CWT is base64url of its bytes" },
  }),
  AttachOrder: {
    ...object({
      "cgroup?": TEXT,
      "pid?": COUNT,
      "name?": TEXT,
      "modelFile?": TEXT,
      "mode?": MODE,
      "onViolation?": POLICY,
      "base?": HEX,
    }),
    oneOf: [{ required: ["cgroup"] }, { required: ["pid"] }],
  },
  Reloaded: object({ reloaded: { const: true } }),
  Problem: object({
    type: { const: "about:blank" },
    title: TEXT,
    status: COUNT,
    code: TEXT,
    detail: TEXT,
  }),
};
