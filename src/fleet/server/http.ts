// SPDX-License-Identifier: Apache-2.0
// The HTTPS side of a server as its parts see it: routes, who may use them, how large bodies may be. What is refused is one line and a code.
import { createHash, timingSafeEqual } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { CodedError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { type FleetProblem, isAtLeast, type Role } from "../../wire/api/index.ts";
import { FLEET_STATUS, FleetError } from "../errors.ts";
import { MAX_BODY_BYTES } from "../limits.ts";
import { StoreError } from "../store/index.ts";
import type { Slot } from "./slot.ts";

/** Who asks. */
export interface Principal {
  /** user: a session of a browser. token: an API token. local: who may read the admin token of this machine. */
  readonly kind: "user" | "token" | "local";
  /** For the audit log. */
  readonly name: string;
  readonly role: Role;
  /** For people. */
  readonly shown?: string;
  /** When it ends (ms since 1970). */
  readonly expires?: number;
  /** user: digest of the session, and the second token that changes have to carry. */
  readonly session?: string;
  readonly csrf?: string;
  /** token: its id. */
  readonly token?: string;
}

export type FleetEnv = { Bindings: HttpBindings; Variables: { principal: Principal } };
export type FleetApp = Hono<FleetEnv>;
export type FleetCall = Context<FleetEnv>;

/** Knows who asks. */
export interface Guard {
  /** undefined: nobody is signed in. @throws FleetError: what was shown is not good (an expired session, a missing CSRF token) */
  principalOf(call: FleetCall): Promise<Principal | undefined>;
}

export interface FleetHttp {
  readonly app: FleetApp;
  /** Lets those through who have this role; the route finds them in `c.get("principal")`. */
  role(needed: Role): MiddlewareHandler<FleetEnv>;
  /** Bodies of requests whose path begins so may have so many bytes. */
  allowBody(prefix: string, bytes: number): void;
}

export interface HttpTerms {
  readonly guard: Slot<Guard>;
  readonly adminToken: string;
  /** An error that is no refusal. */
  onError(error: unknown, path: string): void;
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "strict-transport-security": "max-age=31536000",
};

export function createFleetHttp(terms: HttpTerms): FleetHttp {
  const app: FleetApp = new Hono();
  const sizes = new Map<string, number>();
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    if (c.res.headers.get("cache-control") === null) c.header("cache-control", "no-store");
  });
  app.use(async (c, next) => {
    if (c.req.header("transfer-encoding") !== undefined) {
      const problem = "a request says how long its body is (Content-Length)";
      throw new FleetError("BAD_REQUEST", problem);
    }
    const own = [...sizes].filter(([prefix]) => c.req.path.startsWith(prefix));
    const maxSize = Math.max(MAX_BODY_BYTES, ...own.map(([, bytes]) => bytes));
    const onError = (): never => {
      throw new FleetError("TOO_LARGE", `the body of this request may have ${maxSize} bytes`);
    };
    return bodyLimit({ maxSize, onError })(c, next);
  });
  app.notFound((c) => {
    const what = `${quote(c.req.method, 20)} ${quote(c.req.path, 200)}`;
    return problemResponse(new FleetError("NOT_FOUND", `there is no ${what}`));
  });
  app.onError((error, c) => {
    if (!isRefusal(error)) terms.onError(error, c.req.path);
    return problemResponse(error);
  });
  return {
    app,
    role: (needed) => roleMiddleware(needed, terms),
    allowBody: (prefix, bytes) => void sizes.set(prefix, bytes),
  };
}

function roleMiddleware(needed: Role, terms: HttpTerms): MiddlewareHandler<FleetEnv> {
  return async (c, next) => {
    const principal = localAdmin(c, terms.adminToken) ?? (await terms.guard.maybe?.principalOf(c));
    if (principal === undefined) {
      throw new FleetError(
        "NOT_SIGNED_IN",
        "sign in, or show an API token (Authorization: Bearer TOKEN)",
      );
    }
    if (!isAtLeast(principal.role, needed)) {
      throw new FleetError(
        "NOT_ALLOWED",
        `this takes the role ${needed}; ${quote(principal.name, 80)} has ${principal.role}`,
      );
    }
    c.set("principal", principal);
    await next();
  };
}

/** Who can read the token of the server's machine could do all this anyway. */
function localAdmin(c: FleetCall, token: string): Principal | undefined {
  const [, shown] = /^Bearer ([\w-]{1,128})$/.exec(c.req.header("authorization") ?? "") ?? [];
  if (shown === undefined) return undefined;
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  if (!timingSafeEqual(digest(shown), digest(token))) return undefined;
  return { kind: "local", name: "local administrator", role: "admin" };
}

/** Address of who asks. What a proxy in front says counts nothing: nobody has said that there is one. */
export function addressOf({ env }: FleetCall): string {
  return env.incoming.socket.remoteAddress ?? "local";
}

function isRefusal(error: unknown): boolean {
  if (error instanceof StoreError) return false;
  return error instanceof CodedError || error instanceof HTTPException;
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  413: "Content Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

/** An error as an answer: the words of a refusal, and none of the insides of anything else. */
export function problemResponse(error: unknown): Response {
  const { status, code, detail } = problemFacts(error);
  const body: FleetProblem = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    code,
    detail,
  };
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: {
      "content-type": "application/problem+json",
      ...(status === 429 || status === 503 ? { "retry-after": "5" } : {}),
    },
  });
}

function problemFacts(error: unknown): Pick<FleetProblem, "status" | "code" | "detail"> {
  if (error instanceof HTTPException) {
    return { status: error.status, code: "BAD_REQUEST", detail: quote(error.message, 200) };
  }
  if (!isRefusal(error)) {
    const detail = "the server failed at this request; its log says where";
    return { status: 500, code: "INTERNAL", detail };
  }
  // of other stages too: what was read was not good
  const { code, message } = error as CodedError;
  return { status: FLEET_STATUS[code] ?? 400, code, detail: message };
}

/** The JSON of a request's body. @throws FleetError BAD_REQUEST */
export async function jsonBody(call: FleetCall): Promise<unknown> {
  if (!/^application\/json\b/i.test(call.req.header("content-type") ?? "")) {
    throw new FleetError("BAD_REQUEST", "the body of this request has to be application/json");
  }
  try {
    return await call.req.json();
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    throw new FleetError("BAD_REQUEST", "the body of this request is not JSON", { cause });
  }
}
