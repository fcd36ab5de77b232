// SPDX-License-Identifier: Apache-2.0
// The API described for programs (OpenAPI 3.1): a row for each route of app.ts.
import { ASKER_HEADER } from "./types.ts";
import { type Json, SCHEMAS } from "./schemas.ts";

interface Route {
  readonly method: "get" | "post";
  /** As OpenAPI writes it: parameters in braces. */
  readonly path: string;
  readonly summary: string;
  readonly status?: number;
  /** Name of a schema, or a media type. */
  readonly answer: { readonly schema: string } | { readonly media: string };
  /** Name of the schema of the request's body. */
  readonly body?: string;
  readonly parameters?: readonly Json[];
}

const LINES = { media: "application/x-ndjson" } as const;
const RECORD_QUERY: readonly Json[] = [
  {
    name: "from",
    in: "query",
    description: "records that are left out at the begin",
    schema: { type: "integer", minimum: 0, default: 0 },
  },
  {
    name: "follow",
    in: "query",
    description: "1: go on with later records until the workload has ended",
    schema: { type: "integer", enum: [0, 1], default: 0 },
  },
];
const ID = {
  name: "id",
  in: "path",
  required: true,
  description: "id of the run, or the name of the workload where only one has it",
  schema: { type: "string" },
} as const;

const ASKER = {
  name: ASKER_HEADER,
  in: "header",
  description: "number of the process that the order is given for, where that is not the caller",
  schema: { type: "integer", minimum: 1 },
} as const;

const W = "/v1/workloads/{id}";

const ROUTES: readonly Route[] = [
  {
    method: "get",
    path: "/v1/health",
    summary: "How the daemon is",
    answer: { schema: "DaemonHealth" },
  },
  {
    method: "get",
    path: "/v1/version",
    summary: "Which version answers",
    answer: { schema: "DaemonVersion" },
  },
  {
    method: "get",
    path: "/v1/fleet",
    summary: "How this host stands with its fleet",
    answer: { schema: "FleetStatus" },
  },
  {
    method: "get",
    path: "/openapi.json",
    summary: "This document",
    answer: { media: "application/json" },
  },
  {
    method: "get",
    path: "/metrics",
    summary: "Metrics as Prometheus reads them",
    answer: { media: "text/plain" },
  },
  {
    method: "get",
    path: "/v1/workloads",
    summary: "Workloads that run, the oldest first",
    answer: { schema: "WorkloadList" },
  },
  { method: "get", path: W, summary: "One workload", answer: { schema: "WorkloadStatus" } },
  {
    method: "get",
    path: `${W}/points`,
    summary: "Behaviours with their counts, in the order of discovery",
    answer: { schema: "WorkloadPoints" },
  },
  {
    method: "get",
    path: `${W}/coefficients`,
    summary: "Coefficients of the model, in the order of discovery",
    answer: { schema: "WorkloadCoefficients" },
  },
  {
    method: "get",
    path: `${W}/counts`,
    summary: "Counts of the model's coefficients, in their order",
    answer: { schema: "WorkloadPointCounts" },
  },
  {
    method: "get",
    path: `${W}/model`,
    summary: "The model, or one of what the workload has done so far",
    answer: { media: "application/json" },
  },
  {
    method: "get",
    path: `${W}/trajectory`,
    summary: "Events that extended the model, one JSON line each",
    answer: LINES,
    parameters: RECORD_QUERY,
  },
  {
    method: "get",
    path: `${W}/forensics`,
    summary: "Events outside of the sealed model, one JSON line each",
    answer: LINES,
    parameters: RECORD_QUERY,
  },
  {
    method: "post",
    path: `${W}/control`,
    summary: "An order to the namespace, with TSEM's meaning",
    body: "ControlOrder",
    parameters: [ASKER],
    answer: { schema: "WorkloadStatus" },
  },
  {
    method: "post",
    path: `${W}/kill`,
    summary: "Ends the workload as a whole",
    status: 202,
    answer: { schema: "WorkloadStatus" },
  },
  {
    method: "post",
    path: `${W}/attest`,
    summary: "Evidence of the workload for a verifier: an EAT (RFC 9711), signed",
    body: "AttestOrder",
    answer: { schema: "AttestAnswer" },
  },
  {
    method: "post",
    path: "/v1/attach",
    summary: "Models what runs already",
    body: "AttachOrder",
    status: 201,
    answer: { schema: "WorkloadStatus" },
  },
  {
    method: "post",
    path: "/v1/reload",
    summary: "Reads the configuration again",
    answer: { schema: "Reloaded" },
  },
];

export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of ROUTES) {
    paths[route.path] ??= {};
    Object.assign(paths[route.path] ?? {}, { [route.method]: operation(route) });
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Galgo daemon",
      version,
      description: "Served at a unix socket; who asks is known from the kernel.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: { schemas: SCHEMAS },
  };
}

function operation({ path, summary, status = 200, answer, body, ...route }: Route): Json {
  const parameters = [...(path.includes("{id}") ? [ID] : []), ...(route.parameters ?? [])];
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: json(body) } }),
    responses: {
      [status]: {
        description: summary,
        content: "schema" in answer ? json(answer.schema) : { [answer.media]: {} },
      },
      default: {
        description: "It was not done, and why",
        content: {
          "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
        },
      },
    },
  };
}

function json(schema: string): Json {
  return { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } };
}
