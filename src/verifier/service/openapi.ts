// SPDX-License-Identifier: Apache-2.0
// The service described for programs (OpenAPI 3.1): a row for each route of app.ts.
import { AREAS } from "../../attest/verify/index.ts";

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

const hex: Json = { type: "string", pattern: "^[0-9a-f]+$" };
const text: Json = { type: "string" };
const time: Json = { type: "string", format: "date-time" };

const object = (properties: Readonly<Record<string, Json>>, required: readonly string[]): Json => ({
  type: "object",
  properties,
  required,
});

const SCHEMAS: Readonly<Record<string, Json>> = {
  Problem: object({ type: text, status: { type: "integer" }, code: text, detail: text }, [
    "status",
    "code",
    "detail",
  ]),
  Health: object(
    {
      version: text,
      started: time,
      policy: object({ source: text, digest: hex, rules: { type: "integer" } }, ["digest"]),
      answered: { type: "integer" },
      enrollment: { type: "boolean" },
      enrolled: { type: "integer" },
    },
    ["version", "policy"],
  ),
  Key: object({ id: hex, alg: text, publicKey: text }, ["id", "alg", "publicKey"]),
  ChallengeOrder: object(
    { use: { enum: ["evidence", "start"], default: "evidence" }, bytes: { enum: [32, 48, 64] } },
    [],
  ),
  Challenge: object({ nonce: hex, use: text, expires: time }, ["nonce", "use", "expires"]),
  EvidenceOrder: object(
    {
      nonce: hex,
      evidence: { ...(text as object), description: "JWT, or a CWT in base64url" },
      base: hex,
      workload: text,
      models: { type: "array", items: object({ name: text, text }, ["name", "text"]) },
      coefficients: { type: "array", items: hex },
    },
    ["nonce", "evidence"],
  ),
  Result: object(
    {
      accepted: { type: "boolean" },
      reasons: {
        type: "array",
        items: object({ reason: text, area: { enum: [...AREAS] }, why: text }, ["reason", "why"]),
      },
      notChecked: { type: "array", items: text },
      difference: { type: "object" },
      result: {
        ...(text as object),
        description: "signed result (EAR), a JWT of the type ear+jwt",
      },
    },
    ["accepted", "reasons", "result"],
  ),
  TpmEnrollment: { type: "object", description: "what galgo tpm enroll writes" },
  TpmChallenge: { type: "object", description: "what galgo tpm answer reads" },
  TpmAnswer: { type: "object", description: "what galgo tpm answer writes" },
  Enrolled: object({ enrolled: hex }, ["enrolled"]),
};

interface Route {
  readonly method: "get" | "post";
  readonly path: string;
  readonly summary: string;
  readonly answer: string;
  readonly body?: string;
}

export const ROUTES: readonly Route[] = [
  { method: "get", path: "/v1/health", summary: "How the verifier is", answer: "Health" },
  { method: "get", path: "/v1/key", summary: "The key that signs results", answer: "Key" },
  {
    method: "post",
    path: "/v1/challenges",
    summary: "A nonce: to be answered once, or to begin a run with",
    body: "ChallengeOrder",
    answer: "Challenge",
  },
  {
    method: "post",
    path: "/v1/evidence",
    summary: "Evidence that answers a challenge, appraised",
    body: "EvidenceOrder",
    answer: "Result",
  },
  {
    method: "post",
    path: "/v1/enrollments",
    summary: "Keys of a TPM that are to be known",
    body: "TpmEnrollment",
    answer: "TpmChallenge",
  },
  {
    method: "post",
    path: "/v1/enrollments/answer",
    summary: "What the TPM has made of the challenge",
    body: "TpmAnswer",
    answer: "Enrolled",
  },
];

const content = (name: string, media = "application/json"): Json => ({
  [media]: { schema: { $ref: `#/components/schemas/${name}` } },
});

/** The document. */
export function openApi(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const { method, path, summary, answer, body } of ROUTES) {
    const status = method === "get" || path === "/v1/evidence" ? "200" : "201";
    paths[path] = {
      [method]: {
        summary,
        ...(body !== undefined && { requestBody: { required: true, content: content(body) } }),
        responses: {
          [status]: { description: answer, content: content(answer) },
          default: {
            description: "not answered",
            content: content("Problem", "application/problem+json"),
          },
        },
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Galgo's verifier", version },
    paths,
    components: { schemas: SCHEMAS },
  };
}
