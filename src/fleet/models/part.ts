// SPDX-License-Identifier: Apache-2.0
// Signed models as a part of the server.
import * as z from "zod/mini";
import type { ApproveOrder, ModelKeyRow, ModelRow, Rows } from "../../wire/api/index.ts";
import { lazily, readValue } from "../../wire/link/index.ts";
import { FleetError } from "../errors.ts";
import type { FleetContext, FleetPart } from "../server/context.ts";
import { addressOf, type FleetCall, jsonBody } from "../server/http.ts";
import { pageOf } from "../server/page-of.ts";
import { candidatesOf } from "../views/index.ts";
import { modelDifference } from "./difference.ts";
import { MAX_APPROVED, MAX_MODEL_BYTES, MAX_REASON_CHARS } from "./limits.ts";
import { Models } from "./models.ts";
import { listModels, modelRows } from "./rows.ts";
import type { ModelRecord } from "./tables.ts";
import { ModelTrust } from "./trust.ts";

export const modelsPart: FleetPart = {
  name: "models",
  start: async (context) => {
    const { bus, store, keys, now } = context;
    const trust = new ModelTrust(store, keys.model, now);
    const models = new Models({ store, trust, signer: keys.model, now });
    context.services.models.provide(models);
    bus.answer("model", (_host, body) => models.piece(body));
    addModels(context, models, trust);
    addChanges(context, models, trust);
    addKeys(context, trust);
    return { close: async () => undefined };
  },
};

const approveOrder = lazily<ApproveOrder>(() =>
  z.strictObject({
    coefficients: z
      .array(z.string().check(z.maxLength(128)))
      .check(z.minLength(1), z.maxLength(MAX_APPROVED)),
    reason: z.string().check(z.minLength(1), z.maxLength(MAX_REASON_CHARS)),
  }),
);
const keyOrder = lazily<{ name: string; publicKey: string }>(() =>
  z.strictObject({
    name: z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/)),
    publicKey: z.string().check(z.maxLength(16_384)),
  }),
);

async function rowOf(models: Models, trust: ModelTrust, record: ModelRecord): Promise<ModelRow> {
  const [row] = await modelRows(models.db, trust, [record]);
  if (row === undefined) throw new FleetError("NOT_FOUND", "there is no such model");
  return row;
}

function addModels({ http }: FleetContext, models: Models, trust: ModelTrust): void {
  const { app, role } = http;
  app.get("/api/v1/models", role("viewer"), async (c) =>
    c.json(await listModels(models.db, trust, pageOf(c))),
  );
  app.get("/api/v1/models/:digest", role("viewer"), async (c) =>
    c.json(await rowOf(models, trust, await models.get(c.req.param("digest")))),
  );
  app.get("/api/v1/models/:digest/file", role("viewer"), async (c) => {
    const { text, digest } = await models.get(c.req.param("digest"));
    return c.body(text, 200, {
      "content-type": "application/json",
      "content-disposition": `attachment; filename="${digest}.galgo.dsse.json"`,
    });
  });
  app.get("/api/v1/models/:digest/candidates", role("viewer"), async (c) => {
    const { digest } = await models.get(c.req.param("digest"));
    return c.json(await candidatesOf(models.store.db, digest, pageOf(c)));
  });
  app.get("/api/v1/models/:digest/diff", role("viewer"), async (c) => {
    const compared = async (digest: string) => {
      const { predicate } = models.statement(await models.get(digest));
      return { digest, model: predicate };
    };
    const [here, other] = [c.req.param("digest"), c.req.query("with") ?? ""];
    return c.json(await modelDifference(models.db, await compared(here), await compared(other)));
  });
}

function addChanges(context: FleetContext, models: Models, trust: ModelTrust): void {
  const { app, role, allowBody } = context.http;
  allowBody("/api/v1/models", MAX_MODEL_BYTES);
  app.post("/api/v1/models", role("operator"), async (c) => {
    const text = await signedText(c);
    const row = await context.services.audit.value.during(deedOf(c, "model.add"), async (more) => {
      const record = await models.add(text, c.get("principal").name);
      more.target = record.digest;
      more.words = `${record.name}, version ${record.version}`;
      return rowOf(models, trust, record);
    });
    return c.json(row, 201);
  });
  app.post("/api/v1/models/:digest/approve", role("operator"), async (c) => {
    const order = readValue(await jsonBody(c), approveOrder(), "what is approved");
    const digest = c.req.param("digest");
    const deed = deedOf(c, "model.approve", digest);
    const row = await context.services.audit.value.during(deed, async (more) => {
      const record = await models.approve(digest, order, c.get("principal").name);
      more.words = `${order.coefficients.length} behaviours, as ${record.digest}: ${order.reason}`;
      return rowOf(models, trust, record);
    });
    return c.json(row, 201);
  });
}

/** The body as text. What is no UTF-8 is no signed model. */
async function signedText(c: FleetCall): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await c.req.arrayBuffer());
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    throw new FleetError("BAD_REQUEST", "a signed model is text (UTF-8)", { cause });
  }
}

function addKeys(context: FleetContext, trust: ModelTrust): void {
  const { app, role } = context.http;
  app.get("/api/v1/model-keys", role("viewer"), async (c) => {
    const rows = await trust.keys();
    const body: Rows<ModelKeyRow> = { rows, total: rows.length, offset: 0 };
    return c.json(body);
  });
  app.post("/api/v1/model-keys", role("admin"), async (c) => {
    const { name, publicKey } = readValue(await jsonBody(c), keyOrder(), "the key");
    const deed = deedOf(c, "model-key.trust", name);
    const row = await context.services.audit.value.during(deed, async (more) => {
      const made = await trust.add(name, publicKey, c.get("principal").name);
      more.words = made.id;
      return made;
    });
    return c.json(row, 201);
  });
  app.delete("/api/v1/model-keys/:id", role("admin"), async (c) => {
    const id = c.req.param("id");
    const deed = deedOf(c, "model-key.remove", id);
    await context.services.audit.value.during(deed, () => trust.remove(id));
    return c.json({ removed: id });
  });
}

function deedOf(c: FleetCall, action: string, target = "") {
  return { who: c.get("principal"), action, target, address: addressOf(c) };
}
