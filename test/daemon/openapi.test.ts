// SPDX-License-Identifier: Apache-2.0
// The OpenAPI document and the daemon say the same: each route is described, and real answers are what is described.
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { createApp } from "../../src/daemon/api/app.ts";
import { callerOfRequest } from "../../src/daemon/api/server.ts";
import type { Daemon } from "../../src/daemon/index.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema?: object }>> }>
  >;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: object };
}

interface Answer {
  readonly status: number;
  readonly media: string;
  readonly text: string;
}

const place = new DaemonPlace();
const ajv = new Ajv2020({ strict: false, formats: { "date-time": /^\d{4}-\d\d-\d\dT.*Z$/ } });
let daemon: Daemon;
let document: Document;

before(async () => {
  daemon = await place.start();
  document = JSON.parse((await ask("get", "/openapi.json")).text) as Document;
  ajv.addSchema({ ...document, $id: "galgo" });
  await place.launch(daemon, ["sleep", "1000"], { name: "sleeper" }).started;
});

after(async () => {
  for (const run of daemon.registry.list()) run.kill("the test is over");
  await daemon.stop("the test is over");
  place.remove();
});

function ask(method: string, path: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: daemon.sockets.api, method: method.toUpperCase(), path });
    call.once("error", reject);
    call.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      const media = (response.headers["content-type"] ?? "").split(";")[0] ?? "";
      response.once("end", () => resolve({ status: response.statusCode ?? 0, media, text }));
    });
    call.end(body);
  });
}

/** The answer is one of those that the document has for this route. */
function assertDescribed(method: string, path: string, answer: Answer): void {
  const at = `${method} ${path} ${answer.status} ${answer.text.slice(0, 400)}`;
  const operation = document.paths[path]?.[method];
  assert.ok(operation, at);
  const key = operation.responses[String(answer.status)] === undefined ? "default" : answer.status;
  const content = operation.responses[String(key)]?.content[answer.media];
  assert.ok(content, `${at}: ${answer.media}`);
  if (content.schema === undefined) return;
  const pointer = `galgo#/paths/${path.replaceAll("/", "~1")}/${method}/responses/${key}/content/${answer.media.replace("/", "~1")}/schema`;
  const validate = ajv.getSchema(encodeURI(pointer));
  assert.ok(validate, pointer);
  assert.ok(validate(JSON.parse(answer.text)), `${at}: ${ajv.errorsText(validate.errors)}`);
}

/** Bodies that are understood and make no sense. */
const BODIES: Readonly<Record<string, string>> = {
  "/v1/workloads/{id}/control": '{"verb":"dance"}',
  "/v1/attach": '{"cgroup":"/x","pid":1}',
};

function routes(): { readonly method: string; readonly path: string }[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => ({ method, path })),
  );
}

describe("the OpenAPI document", () => {
  it("is one of version 3.1 whose schemas can be used", () => {
    assert.match(document.openapi, /^3\.1\./);
    assert.ok(Object.keys(document.paths).length > 10);
  });

  it("describes what is answered, also to requests without sense", async () => {
    for (const { method, path } of routes()) {
      const nobody = await ask(method, path.replace("{id}", "nobody"), BODIES[path]);
      assertDescribed(method, path, nobody);
      if (!path.includes("{id}")) continue;
      assert.equal(nobody.status, 404);
      if (path.endsWith("/kill")) continue;
      assertDescribed(
        method,
        path,
        await ask(method, path.replace("{id}", "sleeper"), BODIES[path]),
      );
    }
  });

  it("leaves out no route", async () => {
    const described = routes().map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    const app = createApp({
      version: "1",
      started: new Date(),
      registry: daemon.registry,
      extensions: {},
      requirement: () => undefined,
      stopping: () => false,
      reload: () => daemon.reload(),
      onError: () => undefined,
      callerOf: callerOfRequest,
    });
    const served = app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path.replace(":id", "{id}")}`);
    assert.deepEqual(described.toSorted(), served.toSorted());
  });

  it("has a status for an order that can not be carried out", async () => {
    const answer = await ask("post", "/v1/workloads/sleeper/control", "no json");
    assert.equal(answer.status, 400);
    assert.match(answer.text, /the body is no JSON/);
    const long = await ask("post", "/v1/workloads/sleeper/control", "x".repeat(100_000));
    assert.equal(long.status, 400);
    assert.match(long.text, /at most 65536 bytes/);
  });
});
