// SPDX-License-Identifier: Apache-2.0
// Who one is: passwords, tokens, and that neither goes where it does not belong.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, IncomingMessage } from "node:http";
import { once } from "node:events";
import { type AddressInfo, Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { rootCertificates } from "node:tls";
import type { FakeRegistry } from "../../../test/helpers/fake-registry.ts";
import { putModel, registryPlace, SOON } from "../../../test/helpers/registry-place.ts";
import { RegistryClient } from "./client.ts";
import type { Credentials } from "./credentials.ts";
import { pullModel } from "./pull.ts";
import { pushModel } from "./push.ts";

const CONTENT: Buffer = Buffer.from('{"points":[]}\n');
const ANN: Credentials = { kind: "password", user: "ann", password: "s3cret:x" };
const BASIC = `Basic ${Buffer.from("ann:s3cret:x").toString("base64")}`;

/** Lets in only who shows `authorization`. */
function guard(registry: FakeRegistry, authorization: () => string, challenge: string): void {
  registry.rule = (seen, response) => {
    if (seen.authorization === authorization()) return false;
    response.writeHead(401, { "www-authenticate": challenge }).end();
    return true;
  };
}

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** Another server; `answer` says with which status, headers and body. */
async function other(
  t: TestContext,
  answer: (asked: Asked) => {
    status: number;
    headers?: Record<string, string>;
    body?: string | Buffer;
  },
): Promise<{ origin: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const { method = "", url = "", headers } = request;
      const one = {
        method,
        url: new URL(url, "http://x"),
        authorization: headers.authorization,
        body,
      };
      asked.push(one);
      const { status, headers: own = {}, body: words = "" } = answer(one);
      response.writeHead(status, own).end(words);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text;
}

describe("a password", () => {
  it("is shown when the registry asks, and not before", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    putModel(registry, CONTENT);
    guard(registry, () => BASIC, 'Basic realm="r"');
    await pullModel({ reference: `${host}/app:v1`, output, access: { ...SOON, credentials: ANN } });
    assert.deepEqual(
      registry.seen.map(({ authorization }) => authorization),
      [undefined, BASIC, BASIC],
    );
  });

  it("that is wrong or missing is said, without the password", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    guard(registry, () => "Basic other", 'Basic realm="r"');
    const reference = `${host}/app:v1`;
    await assert.rejects(pullModel({ reference, output, access: SOON }), {
      code: "UNAUTHORIZED",
      message: /no credentials for it were found; docker login 127/,
    });
    const access = { ...SOON, credentials: ANN };
    await assert.rejects(
      pullModel({ reference, output, access }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "UNAUTHORIZED");
        assert.match(error.message, /does not accept the credentials/);
        assert.ok(!error.message.includes("s3cret"));
        return true;
      },
    );
    // once without, twice with: it is not tried on and on
    assert.equal(registry.seen.length, 3);
  });

  it("does not follow a redirect to another host, nor does its token", async (t) => {
    for (const credentials of [ANN, { kind: "bearer", token: "tok" } as const]) {
      const { registry, host, output } = await registryPlace(t);
      putModel(registry, CONTENT);
      const store = await other(t, () => ({ status: 200, body: CONTENT }));
      const shown = credentials.kind === "password" ? BASIC : "Bearer tok";
      registry.rule = ({ authorization, path }, response) => {
        if (authorization !== shown)
          response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
        else if (path.includes("/blobs/"))
          response.writeHead(307, { location: `${store.origin}/x?sig=1` }).end();
        else return false;
        return true;
      };
      await pullModel({ reference: `${host}/app:v1`, output, access: { ...SOON, credentials } });
      assert.deepEqual(readFileSync(output), CONTENT);
      assert.deepEqual(
        store.asked.map(({ authorization }) => authorization),
        [undefined],
      );
    }
  });

  it("is not given to another host that asks for it", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    putModel(registry, CONTENT);
    const thief = await other(t, () => ({
      status: 401,
      headers: { "www-authenticate": 'Basic realm="r"' },
    }));
    registry.rule = ({ path }, response) => {
      if (!path.includes("/blobs/")) return false;
      response.writeHead(302, { location: `${thief.origin}/x` }).end();
      return true;
    };
    const access = { ...SOON, credentials: ANN };
    await assert.rejects(pullModel({ reference: `${host}/app:v1`, output, access }), {
      code: "UNAUTHORIZED",
    });
    assert.deepEqual(
      thief.asked.map(({ authorization }) => authorization),
      [undefined],
    );
  });

  it("does not go with an upload to another host", async (t) => {
    const { registry, host, model } = await registryPlace(t);
    const store = await other(t, ({ method }) => ({
      status: method === "PATCH" ? 202 : 201,
      headers: { location: "/up" },
    }));
    registry.rule = ({ authorization, method, path }, response, request) => {
      if (authorization !== BASIC)
        response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
      else if (method === "POST") response.writeHead(202, { location: `${store.origin}/up` }).end();
      else return path === "";
      request.resume();
      return true;
    };
    const access = { ...SOON, credentials: ANN };
    await pushModel({ file: model, reference: `${host}/app:v1`, access });
    assert.ok(store.asked.length >= 4);
    assert.ok(store.asked.every(({ authorization }) => authorization === undefined));
  });
});

describe("a token", () => {
  it("is fetched for this repository and what is done in it, whatever the registry suggests", async (t) => {
    const { registry, host, model } = await registryPlace(t);
    const service = await other(t, () => ({ status: 200, body: '{"token":"tok1"}' }));
    const challenge = `Bearer realm="${service.origin}/token",service="reg",scope="repository:victim:delete"`;
    guard(registry, () => "Bearer tok1", challenge);
    const access = { ...SOON, credentials: ANN };
    await pushModel({ file: model, reference: `${host}/app:v1`, access });
    const [asked, more] = service.asked;
    assert.equal(more, undefined);
    assert.equal(asked?.authorization, BASIC);
    assert.equal(asked?.url.search, "?scope=repository%3Aapp%3Apull%2Cpush&service=reg");
  });

  it("is fetched without a name where none is kept, and anew when it is over", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    putModel(registry, CONTENT);
    let given = 0;
    const service = await other(t, () => ({
      status: 200,
      body: JSON.stringify({ access_token: `tok${++given}` }),
    }));
    // good for one manifest only: the blob needs another one
    const wanted = () =>
      registry.seen.at(-1)?.path.includes("/blobs/") ? "Bearer tok2" : "Bearer tok1";
    guard(registry, wanted, `Bearer realm="${service.origin}/token"`);
    await pullModel({ reference: `${host}/app:v1`, output, access: SOON });
    assert.deepEqual(
      service.asked.map(({ authorization }) => authorization),
      [undefined, undefined],
    );
  });

  it("is traded for an identity token in the body, not in the address", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    putModel(registry, CONTENT);
    const service = await other(t, () => ({ status: 200, body: '{"access_token":"tok"}' }));
    guard(registry, () => "Bearer tok", `Bearer realm="${service.origin}/token",service="reg"`);
    const access = { ...SOON, credentials: { kind: "identity", token: "idt" } } as const;
    await pullModel({ reference: `${host}/app:v1`, output, access });
    const [asked] = service.asked;
    assert.equal(asked?.method, "POST");
    assert.equal(asked?.url.search, "");
    const form = Object.fromEntries(new URLSearchParams(asked?.body));
    assert.deepEqual(form, {
      grant_type: "refresh_token",
      client_id: "galgo",
      refresh_token: "idt",
      scope: "repository:app:pull",
      service: "reg",
    });
  });

  it("that can not be had is said", async (t) => {
    const { registry, host, output } = await registryPlace(t);
    const access = { ...SOON, credentials: ANN };
    const cases: readonly [
      string,
      { status: number; headers?: Record<string, string>; body?: string },
      object,
    ][] = [
      ["", { status: 401 }, { code: "UNAUTHORIZED" }],
      [
        "",
        { status: 302, headers: { location: "http://127.0.0.1:1/" } },
        { code: "BAD_ANSWER", message: /status 302/ },
      ],
      ["", { status: 200, body: "{}" }, { code: "BAD_ANSWER", message: /gives no token/ }],
      [
        "",
        { status: 200, body: '{"token":"a\\r\\nX: y"}' },
        { code: "BAD_ANSWER", message: /gives no token/ },
      ],
      ["", { status: 200, body: " ".repeat(100_000) }, { code: "TOO_LARGE" }],
      [
        "http://192.0.2.1/t",
        { status: 200 },
        { code: "BAD_REDIRECT", message: /without TLS; nothing was sent/ },
      ],
      ["file:///etc/passwd", { status: 200 }, { code: "BAD_REDIRECT" }],
      ["nothing", { status: 200 }, { code: "BAD_ANSWER", message: /no address/ }],
    ];
    for (const [realm, answer, expected] of cases) {
      const service = await other(t, () => answer);
      guard(
        registry,
        () => "Bearer tok",
        `Bearer realm="${realm === "" ? `${service.origin}/t` : realm}"`,
      );
      await assert.rejects(
        pullModel({ reference: `${host}/app:v1`, output, access }),
        expected,
        realm,
      );
    }
  });
});

describe("a registry behind TLS", () => {
  it("is none: what helps is said", async (t) => {
    const { host, output } = await registryPlace(t);
    const [ca] = rootCertificates;
    assert.ok(ca);
    const access = { ...SOON, ca };
    await assert.rejects(pullModel({ reference: `${host}/app:v1`, output, access }), {
      code: "UNREACHABLE",
      message: /; where it speaks without TLS, and may: --plain-http$/,
    });
  });

  it("leads to nothing without TLS, this machine included, and to no address with a name in it", () => {
    const client = new RegistryClient("r.example", "app", { actions: "pull" });
    const leading = (location: string) =>
      client.locationOf({
        status: 307,
        headers: { location },
        url: new URL("https://r.example/v2/app/blobs/x"),
        body: new IncomingMessage(new Socket()),
      });
    assert.equal(leading("https://cdn.example/x").href, "https://cdn.example/x");
    assert.equal(leading("/y").href, "https://r.example/y");
    for (const location of [
      "http://127.0.0.1/x",
      "http://r.example/x",
      "https://ann:word@r.example/",
    ])
      assert.throws(() => leading(location), { code: "BAD_REDIRECT" }, location);
  });
});
