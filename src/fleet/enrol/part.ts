// SPDX-License-Identifier: Apache-2.0
// The routes and answers of enrolment: /enrol and /renew for hosts, tokens and revocation for administrators.
import * as z from "zod/mini";
import { bytesOfBase64Url } from "../../attest/encoding/strict-base64.ts";
import type { EnrolTokenOrder, Rows, EnrolTokenRow } from "../../wire/api/index.ts";
import {
  isHostId,
  labelsSchema,
  lazily,
  MAX_NAME,
  readEnrolAsk,
  readRenewAsk,
  readValue,
} from "../../wire/link/index.ts";
import { CodedError } from "../../base/errors.ts";
import { FleetError } from "../errors.ts";
import { MAX_TOKEN_MS, MAX_TOKEN_USES } from "../limits.ts";
import type { AuditEntry, FleetContext, FleetPart } from "../server/context.ts";
import { addressOf, type FleetCall, jsonBody } from "../server/http.ts";
import { Enrolment, type RenewOrder } from "./enrolment.ts";
import { FailedTries } from "./failed-tries.ts";

export const enrolPart: FleetPart = {
  name: "enrolment",
  start: async (context) => {
    const enrolment = new Enrolment(context);
    context.services.enrolment.provide(enrolment);
    const tries = new FailedTries(context.now);
    addHostRoutes(context, enrolment, tries);
    addTokenRoutes(context, enrolment);
    addRevocation(context, enrolment);
    context.bus.answer("renew", async (host, body) => {
      readRenewAsk(body);
      return enrolment.renew(host);
    });
    return { close: () => enrolment.close() };
  },
};

const renewOrder = lazily<{ host: string; at: number; sig: string }>(() =>
  z.strictObject({
    host: z.string().check(z.refine(isHostId, "has to be the id of a host")),
    at: z.number().check(z.minimum(0)),
    sig: z.string().check(z.regex(/^[\w-]{86}$/, "has to be a signature (base64url)")),
  }),
);

/** What anybody can reach: wrong tokens are counted by address. */
function addHostRoutes(context: FleetContext, enrolment: Enrolment, tries: FailedTries): void {
  const { app } = context.http;
  const tried = async <T>(c: FleetCall, run: (body: unknown) => Promise<T>): Promise<T> => {
    const address = addressOf(c);
    tries.refuse(address);
    try {
      return await run(await jsonBody(c));
    } catch (error) {
      if (error instanceof CodedError) tries.count(address);
      throw error;
    }
  };
  app.post("/enrol", async (c) => {
    const answer = await tried(c, async (body) => {
      const ask = readEnrolAsk(body);
      const made = await enrolment.enrol(ask);
      await note(context, c, {
        who: "server",
        action: "host.enrol",
        target: made.host,
        words: `as ${ask.name}`,
      });
      return made;
    });
    return c.json(answer, 201);
  });
  app.post("/renew", async (c) => {
    const answer = await tried(c, async (body) => {
      const { host, at, sig } = readValue(body, renewOrder(), "a renewal");
      const order: RenewOrder = { host, at, sig: bytesOfBase64Url(sig) };
      return enrolment.renewSigned(order);
    });
    return c.json(answer);
  });
}

const tokenOrder = lazily<EnrolTokenOrder>(() => {
  const whole = (max: number) => z.int().check(z.minimum(1), z.maximum(max));
  return z.strictObject({
    uses: z.exactOptional(whole(MAX_TOKEN_USES)),
    seconds: z.exactOptional(whole(MAX_TOKEN_MS / 1_000)),
    labels: z.exactOptional(labelsSchema()),
    group: z.exactOptional(z.string().check(z.minLength(1), z.maxLength(MAX_NAME))),
    comment: z.exactOptional(z.string().check(z.maxLength(MAX_NAME))),
  });
});

function addTokenRoutes(context: FleetContext, enrolment: Enrolment): void {
  const { app, role } = context.http;
  app.get("/api/v1/enrol-tokens", role("admin"), async (c) => {
    const rows = await enrolment.tokens();
    const body: Rows<EnrolTokenRow> = { rows, total: rows.length, offset: 0 };
    return c.json(body);
  });
  app.post("/api/v1/enrol-tokens", role("admin"), async (c) => {
    const order = readValue(await jsonBody(c), tokenOrder(), "an enrolment token");
    const who = c.get("principal");
    const made = await enrolment.createToken(order, who.name);
    const words = `for ${made.uses} host(s) until ${new Date(made.expires).toISOString()}`;
    await note(context, c, { who, action: "token.create", target: made.id, words });
    return c.json(made, 201);
  });
  app.delete("/api/v1/enrol-tokens/:id", role("admin"), async (c) => {
    const id = c.req.param("id");
    await enrolment.endToken(id);
    await note(context, c, { who: c.get("principal"), action: "token.end", target: id, words: "" });
    return c.json({ ended: id });
  });
}

function addRevocation(context: FleetContext, enrolment: Enrolment): void {
  const { app, role } = context.http;
  app.post("/api/v1/hosts/:id/revoke", role("admin"), async (c) => {
    const host = c.req.param("id");
    if (!isHostId(host)) throw new FleetError("NOT_FOUND", "this is no id of a host");
    const done = await enrolment.revoke(host);
    const words = done.disconnected ? "" : "the bus could not be told";
    await note(context, c, { who: c.get("principal"), action: "host.revoke", target: host, words });
    return c.json(done);
  });
}

async function note(
  { services }: FleetContext,
  c: FleetCall,
  entry: Omit<AuditEntry, "address" | "result">,
): Promise<void> {
  await services.audit.maybe?.note({ ...entry, result: "done", address: addressOf(c) });
}
