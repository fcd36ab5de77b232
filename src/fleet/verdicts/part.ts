// SPDX-License-Identifier: Apache-2.0
// Verdicts as a part of the server: hosts ask, people decide, all hosts are told.
import * as z from "zod/mini";
import type { VerdictOrder, VerdictPolicyRow } from "../../wire/api/index.ts";
import { DOWN_ALL, lazily, readValue } from "../../wire/link/index.ts";
import { FleetError } from "../errors.ts";
import type { FleetContext, FleetPart } from "../server/context.ts";
import { addressOf, type FleetCall, jsonBody } from "../server/http.ts";
import { pageOf } from "../server/page-of.ts";
import { MAX_POLICIES, MAX_REASON } from "./limits.ts";
import { Questions } from "./questions.ts";
import { FleetRulings } from "./rulings.ts";

export const verdictsPart: FleetPart = {
  name: "verdicts",
  start: async (context) => {
    const { bus, store, keys, services, now } = context;
    const questions = new Questions(store, () => now());
    const rulings = new FleetRulings({
      store,
      signer: keys.command,
      now: () => now(),
      unknown: async (host, question) => {
        if (await questions.note(host, question)) tell(context, questions, question);
      },
    });
    bus.answer("verdict", (host, body) => rulings.answer(host, body));
    services.views.maybe?.registerPending("verdicts", () => questions.waiting());
    addVerdicts(context, questions, rulings);
    addPolicies(context, rulings);
    return { close: async () => undefined };
  },
};

interface Behaviour {
  readonly model: string;
  readonly coefficient: string;
}

const order = lazily<VerdictOrder>(() =>
  z.strictObject({
    verdict: z.enum(["allow", "deny", "kill", "taken back"]),
    reason: z.exactOptional(z.string().check(z.maxLength(MAX_REASON))),
  }),
);

const DIGEST = /^(?:[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/;

const policyOrder = lazily<Pick<VerdictPolicyRow, "model" | "unknown">>(() =>
  z.strictObject({
    model: z.string().check(z.regex(/^(?:|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/)),
    unknown: z.enum(["ask", "allow", "deny"]),
  }),
);

function addVerdicts(context: FleetContext, questions: Questions, rulings: FleetRulings): void {
  const { app, role } = context.http;
  app.get("/api/v1/verdicts", role("viewer"), async (c) => {
    const state = c.req.query("state") ?? "pending";
    if (state !== "pending" && state !== "decided")
      throw new FleetError("BAD_REQUEST", "state is pending or decided");
    return c.json(await questions.list(state, pageOf(c)));
  });
  app.post("/api/v1/verdicts/:id", role("operator"), async (c) => {
    const behaviour = behaviourOf(c);
    const { verdict, reason = "" } = readValue(await jsonBody(c), order(), "the verdict");
    const who = c.get("principal");
    const deed = { who, action: "verdict", target: c.req.param("id"), address: addressOf(c) };
    await context.services.audit.value.during(deed, async (more) => {
      more.words = reason === "" ? verdict : `${verdict}: ${reason}`;
      const { model, coefficient } = behaviour;
      await questions.known(model, coefficient);
      const envelope = await rulings.decide({ ...behaviour, verdict, reason, by: who.name });
      questions.ruled();
      context.bus.publish(DOWN_ALL.verdict, new TextEncoder().encode(envelope));
    });
    tell(context, questions, behaviour);
    return c.json((await questions.row(behaviour.model, behaviour.coefficient)) ?? {});
  });
}

function addPolicies({ http, services, now }: FleetContext, { db }: FleetRulings): void {
  const { app, role } = http;
  app.get("/api/v1/verdict-policy", role("viewer"), async (c) => {
    const rows = await db
      .selectFrom("verdict_policies")
      .selectAll()
      .orderBy("model")
      .limit(MAX_POLICIES)
      .execute();
    return c.json({
      rows: rows.map((row) => ({ ...row, at: Number(row.at) })),
      total: rows.length,
      offset: 0,
    });
  });
  app.post("/api/v1/verdict-policy", role("admin"), async (c) => {
    const { model, unknown } = readValue(await jsonBody(c), policyOrder(), "the policy");
    const who = c.get("principal");
    const row = { unknown, by: who.name, at: now() };
    const target = model === "" ? "all models" : model;
    const deed = { who, action: "verdict-policy", target, address: addressOf(c) };
    await services.audit.value.during(deed, async (more) => {
      more.words = `unknown = ${unknown}`;
      await db
        .insertInto("verdict_policies")
        .values({ model, ...row })
        .onConflict((conflict) => conflict.column("model").doUpdateSet(row))
        .execute();
    });
    return c.json({ model, ...row });
  });
}

/** @throws FleetError BAD_REQUEST */
function behaviourOf(c: FleetCall): Behaviour {
  const [model = "", coefficient = "", ...more] = (c.req.param("id") ?? "").split("~");
  if (more.length === 0 && DIGEST.test(model) && DIGEST.test(coefficient))
    return { model, coefficient };
  throw new FleetError("BAD_REQUEST", "a verdict is about MODEL~COEFFICIENT, both digests in hex");
}

/** Consoles hear of it; what they are not told they find in the list. */
function tell(
  context: FleetContext,
  questions: Questions,
  { model, coefficient }: Behaviour,
): void {
  const { services, tell: say } = context;
  questions.row(model, coefficient).then(
    (row) => row !== undefined && services.live.maybe?.tell("verdict", row),
    (error: unknown) => say("warning", `consoles are not told of a verdict: ${String(error)}`),
  );
}
