// SPDX-License-Identifier: Apache-2.0
// The verifier over HTTP: a challenge, evidence that answers it, a signed result. Nothing of a request is believed but what verifies.
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import type { ResultSigner } from "./signer.ts";
import {
  type OwnReason,
  refusal,
  type Refusal,
  refusedBesides,
  type VerifierPolicy,
  verifyEvidence,
  type VerifyResult,
} from "../../attest/verify/index.ts";
import { quote } from "../../base/quote.ts";
import { VERIFY_CRYPTO } from "../files.ts";
import { MAX_AT_ONCE, MAX_BODIES_BYTES, MAX_BODY_BYTES } from "../limits.ts";
import { type EvidenceOrder, parseChallengeOrder, parseEvidenceOrder } from "./bodies.ts";
import type { Challenges } from "./challenges.ts";
import type { Enrollments } from "./enrollments.ts";
import { ServiceError, STATUS } from "./errors.ts";
import { openApi } from "./openapi.ts";
import type { Rates } from "./rates.ts";

export interface VerifierParts {
  readonly version: string;
  readonly started: Date;
  /** As it is now: it may be read again. */
  policy(): VerifierPolicy;
  readonly signer: ResultSigner;
  readonly challenges: Challenges;
  readonly rates: Rates;
  /** undefined: no makers of TPMs are trusted. */
  readonly enrollments: Enrollments | undefined;
  /** Milliseconds since 1970. */
  now(): number;
  /** Hears of each result. */
  onResult(result: VerifyResult): void;
  /** An error that is no refusal. */
  onError(error: unknown): void;
}

export type VerifierApp = Hono<{ Bindings: HttpBindings }>;
type Call = Context<{ Bindings: HttpBindings }>;

export function createVerifierApp(parts: VerifierParts): VerifierApp {
  const app: VerifierApp = new Hono();
  let held = 0;
  app.use(async (c, next) => {
    parts.rates.take(addressOf(c));
    const size = bodySize(c);
    if (held + size > MAX_BODIES_BYTES) {
      throw new ServiceError("BUSY", "too many large requests at a time; come again");
    }
    held += size;
    try {
      await next();
    } finally {
      held -= size;
    }
    c.header("cache-control", "no-store");
    c.header("x-content-type-options", "nosniff");
  });
  app.notFound((c) =>
    problem(new ServiceError("NOT_FOUND", `there is no ${c.req.method} ${quote(c.req.path, 200)}`)),
  );
  app.onError((error) => {
    if (!(error instanceof ServiceError)) parts.onError(error);
    return problem(error);
  });
  addFacts(app, parts);
  addChallenges(app, parts);
  addEvidence(app, parts);
  addEnrollments(app, parts);
  return app;
}

function addressOf({ env }: Call): string {
  return env.incoming.socket.remoteAddress ?? "local";
}

/** Text of the body. Who goes away in the middle of it is no fault of ours. @throws ServiceError BAD_REQUEST */
async function bodyOf({ req }: Call): Promise<string> {
  try {
    return await req.text();
  } catch (cause) {
    throw new ServiceError("BAD_REQUEST", "the body did not come to its end", { cause });
  }
}

/** Bytes of the body, which Node does not exceed. @throws ServiceError */
function bodySize({ req }: Call): number {
  if (req.method === "GET") return 0;
  if (req.method !== "POST") {
    throw new ServiceError(
      "NOT_FOUND",
      `there is no ${quote(req.method, 20)} ${quote(req.path, 200)}`,
    );
  }
  // a page of another site can not send this without being asked first, and nobody answers it then
  if (!/^application\/json\b/i.test(req.header("content-type") ?? "")) {
    throw new ServiceError("WRONG_TYPE", "a request is application/json");
  }
  const length = req.header("content-length");
  if (length === undefined || req.header("transfer-encoding") !== undefined) {
    throw new ServiceError("BAD_REQUEST", "a request says how long its body is (Content-Length)");
  }
  if (Number(length) > MAX_BODY_BYTES) {
    throw new ServiceError("TOO_LARGE", `a request has at most ${MAX_BODY_BYTES} bytes`);
  }
  return Number(length);
}

function problem(error: unknown): Response {
  const known = error instanceof ServiceError;
  const status = known ? STATUS[error.code] : 500;
  const code = known ? error.code : "INTERNAL";
  const detail = known ? error.message : "the verifier failed at this request; its log says where";
  return new Response(`${JSON.stringify({ type: "about:blank", status, code, detail })}\n`, {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...(status === 429 || status === 503 ? { "retry-after": "5" } : {}),
    },
  });
}

function addFacts(app: VerifierApp, parts: VerifierParts): void {
  app.get("/v1/health", (c) => {
    const { source, digest, rules } = parts.policy();
    return c.json({
      version: parts.version,
      started: parts.started.toISOString(),
      policy: { source, digest, rules: rules.length },
      answered: parts.challenges.answered,
      enrollment: parts.enrollments !== undefined,
      enrolled: parts.enrollments?.enrolled.size ?? 0,
    });
  });
  app.get("/v1/key", (c) => c.json(parts.signer.facts));
  app.get("/openapi.json", (c) => c.json(openApi(parts.version)));
}

function addChallenges(app: VerifierApp, { challenges, now }: VerifierParts): void {
  app.post("/v1/challenges", async (c) => {
    const { use, bytes } = parseChallengeOrder(await bodyOf(c));
    const { nonce, seconds } = challenges.issue(use, bytes);
    const expires = new Date(now() + seconds * 1_000).toISOString();
    return c.json({ nonce, use, expires }, 201);
  });
}

function addEvidence(app: VerifierApp, parts: VerifierParts): void {
  let busy = 0;
  app.post("/v1/evidence", async (c) => {
    const order = parseEvidenceOrder(await bodyOf(c));
    if (busy >= MAX_AT_ONCE) {
      throw new ServiceError("BUSY", `${MAX_AT_ONCE} tokens are being appraised; come again`);
    }
    busy += 1;
    try {
      const result = await appraise(order, parts);
      parts.onResult(result);
      const token = await parts.signer.sign(result, order.nonce);
      return c.json({
        accepted: result.accepted,
        reasons: result.refusals,
        notChecked: result.gaps,
        ...(result.difference !== undefined && { difference: result.difference }),
        result: token,
      });
    } finally {
      busy -= 1;
    }
  });
}

/** The challenge is spent first: whatever comes of the token, it was its one answer. */
async function appraise(order: EvidenceOrder, parts: VerifierParts): Promise<VerifyResult> {
  const { nonce, base, token, workload, models, coefficients } = order;
  const besides = [
    ...because(parts.challenges.answer(nonce), `the nonce ${nonce}`),
    ...(base === undefined ? [] : because(parts.challenges.started(base), `the base ${base}`)),
  ];
  const enrolled = parts.enrollments?.enrolled;
  const result = await verifyEvidence(
    {
      token,
      policy: parts.policy(),
      nonce,
      now: parts.now(),
      models,
      ...(base !== undefined && { base }),
      ...(workload !== undefined && { workload: { name: workload } }),
      ...(coefficients !== undefined && { coefficients }),
      ...(enrolled !== undefined && { enrolled }),
    },
    VERIFY_CRYPTO,
  );
  return refusedBesides(result, besides);
}

const WORDS: Readonly<Partial<Record<OwnReason, string>>> = {
  UNKNOWN_CHALLENGE: "was not given out here for that, or before the verifier was started",
  USED_CHALLENGE: "was answered before",
  EXPIRED_CHALLENGE: "has expired",
};

function because(reason: OwnReason | undefined, what: string): readonly Refusal[] {
  return reason === undefined ? [] : [refusal(reason, `${what} ${WORDS[reason] ?? ""}`.trimEnd())];
}

function addEnrollments(app: VerifierApp, { enrollments }: VerifierParts): void {
  const served = (): Enrollments => {
    if (enrollments !== undefined) return enrollments;
    throw new ServiceError("NOT_SERVED", "no makers of TPMs are trusted here (--authorities)");
  };
  app.post("/v1/enrollments", async (c) => {
    const challenge = await served().begin(await bodyOf(c));
    return c.body(challenge, 201, { "content-type": "application/json" });
  });
  app.post("/v1/enrollments/answer", async (c) => {
    const ak = served().finish(await bodyOf(c));
    return c.json({ enrolled: ak }, 201);
  });
}
