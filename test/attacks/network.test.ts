// SPDX-License-Identifier: Apache-2.0
// Attacks over sockets: other destinations, races against the decision on them, a shell for somebody else.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { Arena, build, cannot } from "./harness.ts";

/** Ports that are no ephemeral ones: those are one behaviour. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;

/** Somebody who waits for visitors. */
interface Listener {
  readonly port: number;
  /** Connections and datagrams so far. */
  visits(): number;
}

/** Listens at TCP and UDP of one port of 127.0.0.1 (and ::1 where there is one) until the test ends. */
async function listen(t: TestContext, greet: (visitor: Socket) => void = () => undefined) {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    let visits = 0;
    const count = (visitor: Socket): void => {
      visits++;
      visitor.on("error", () => undefined);
      greet(visitor);
    };
    const server = await serve(createServer(count), { host: "127.0.0.1", port });
    if (server === undefined) continue;
    const other = await serve(createServer(count), { host: "::1", port });
    const datagrams = createSocket("udp4", () => {
      visits++;
    });
    datagrams.bind(port, "127.0.0.1");
    await once(datagrams, "listening");
    t.after(() => {
      server.close();
      other?.close();
      datagrams.close();
    });
    return { port, visits: () => visits } satisfies Listener;
  }
}

/** undefined when the address can not be had. */
function serve(server: Server, at: { host: string; port: number } | { path: string }) {
  return new Promise<Server | undefined>((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(at, () => resolve(server));
  });
}

describe("another destination", () => {
  for (const [what, way, hook] of [
    ["another port (tcp)", "tcp", "socket_connect"],
    ["another port (udp)", "udp", "socket_sendmsg"],
    ["another family (tcp over ipv6)", "tcp6", "socket_connect"],
  ] as const) {
    it(`is not reached: ${what}`, async (t) => {
      if (cannot(t)) return;
      const arena = new Arena(t);
      const [allowed, forbidden] = [await listen(t), await listen(t)];
      await arena.attack(
        (mode) => [build("connect-ways"), mode, way, `${allowed.port}`, `${forbidden.port}`],
        [{ hook, decision: "denied" }],
      );
      assert.ok(allowed.visits() > 0);
      assert.equal(forbidden.visits(), 0);
    });
  }

  for (const way of ["unix", "abstract"] as const) {
    it(`is not reached: a local socket (${way})`, async (t) => {
      if (cannot(t)) return;
      const arena = new Arena(t);
      const name = way === "unix" ? arena.path("socket") : `galgo-attack-${process.pid}`;
      let visits = 0;
      const server = createServer(() => {
        visits++;
      });
      await serve(server, { path: way === "unix" ? name : `\0${name}` });
      t.after(() => server.close());
      const { port } = await listen(t);
      await arena.attack(
        (mode) => [build("connect-ways"), mode, way, `${port}`, name],
        [{ hook: "socket_connect", names: name }],
      );
      assert.equal(visits, 0);
    });
  }

  it("is not bound: another port", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    const { port } = await listen(t);
    await arena.attack(
      (mode) => [build("connect-ways"), mode, "bind", "0", `${port - 2}`],
      [{ hook: "socket_bind" }],
    );
  });
});

describe("a race against the decision on an address", () => {
  for (const [what, way, hook] of [
    ["connect", "connect", "socket_connect"],
    ["connect of a datagram socket", "connect-udp", "socket_connect"],
    ["connect that only dissolves", "unspec", "socket_connect"],
    ["sendto", "sendto", "socket_sendmsg"],
    ["sendmsg that names nobody", "sendmsg", "socket_sendmsg"],
  ] as const) {
    it(`is lost: ${what}`, async (t) => {
      if (cannot(t)) return;
      const arena = new Arena(t);
      const [allowed, forbidden] = [await listen(t), await listen(t)];
      const ports = [`${allowed.port}`, `${forbidden.port}`];
      const { stdout } = await arena.attack(
        (mode) => [build("race-address"), mode, way, ...ports, "1500"],
        [{ hook }],
      );
      assert.match(stdout, /tries that were refused: [1-9]/, "the race did take place");
      assert.equal(forbidden.visits(), 0);
    });
  }
});

describe("a race against the decision on a socket", () => {
  it("is lost by who puts another one behind the descriptor", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    const [allowed, forbidden] = [await listen(t), await listen(t)];
    const ports = [`${allowed.port}`, `${forbidden.port}`];
    await arena.attack(
      (mode) => [build("race-socket"), mode, ...ports, "1000"],
      [{ hook: "socket_connect" }],
    );
    assert.ok(allowed.visits() > 0);
    assert.equal(forbidden.visits(), 0);
  });
});

describe("what goes over an allowed connection", () => {
  it("is no shell", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    let received = "";
    const attacker = await listen(t, (visitor) => {
      visitor.write(`cat ${arena.secret}\nexit\n`);
      visitor.on("data", (part) => {
        received += part.toString();
      });
    });
    await arena.attack(
      (mode) => [build("connect-ways"), mode, "shell", `${attacker.port}`, "-"],
      [{ hook: "file_open", names: "sh" }],
    );
    assert.ok(!received.includes(arena.token));
  });

  it("is no descriptor of a file that nobody may open", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    // to receive a descriptor is no event: the open of who sends it was
    await arena.attack(
      (mode) => [build("connect-ways"), mode, "pass", "0", arena.secret],
      [{ hook: "file_open", names: arena.secret }],
    );
  });
});

describe("a relative name of a local socket", () => {
  it("does not lead to another socket in another folder", async (t) => {
    if (cannot(t)) return;
    const arena = new Arena(t);
    mkdirSync(arena.path("elsewhere"));
    for (const path of [arena.path("name"), arena.path("elsewhere/name")]) {
      const server = createServer();
      await serve(server, { path });
      t.after(() => server.close());
    }
    await arena.attack(
      (mode) => [build("connect-ways"), mode, "relative", "0", arena.path("elsewhere")],
      [{ hook: "socket_connect" }],
    );
  });
});
