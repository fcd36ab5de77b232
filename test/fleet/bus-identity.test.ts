// SPDX-License-Identifier: Apache-2.0
// A host speaks with a bus only where its certificate is for the place that the host was told, also where that is an address.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { Bus } from "../../src/daemon/fleet/connect.ts";
import { newHostKey } from "../../src/daemon/fleet/nkey.ts";
import {
  type Certified,
  newCertificateAuthority,
  newServerCertificate,
} from "../../src/fleet/keys/certificate.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";
import { freePort } from "../helpers/ports.ts";

const NOW = Date.now();

describe("the identity of a bus", { skip: noNatsServer() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "galgo-identity-"));
  const ca = newCertificateAuthority("fleet", NOW);
  const children: ReturnType<typeof spawn>[] = [];
  after(() => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  /** A bus at 127.0.0.1 with a certificate for these names. @returns what a host says of it */
  async function tried(issuer: Certified, ...names: readonly string[]): Promise<string> {
    const { certificate, key } = newServerCertificate(issuer, "fleet", {
      names,
      now: NOW,
      days: 1,
    });
    const port = await freePort();
    const at = (file: string): string => join(folder, `${port}-${file}`);
    writeFileSync(at("cert.pem"), certificate);
    writeFileSync(at("key.pem"), key);
    const tls = `tls { cert_file: "${at("cert.pem")}", key_file: "${at("key.pem")}" }`;
    writeFileSync(at("nats.conf"), `listen: "127.0.0.1:${port}"\n${tls}\n`);
    const child = spawn("nats-server", ["-c", at("nats.conf")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    children.push(child);
    for await (const text of child.stderr.setEncoding("utf8") as AsyncIterable<string>)
      if (text.includes("Server is ready")) break;
    return said(`tls://127.0.0.1:${port}`);
  }

  async function said(server: string): Promise<string> {
    const parts = { host: "abcdefghijklmnopqrst", servers: [server], ca: ca.certificate };
    let bus: Bus | undefined;
    try {
      return await new Promise<string>((resolve) => {
        bus = new Bus({ ...parts, key: newHostKey(), jwt: () => "" }, [], {
          onOnline: () => resolve("online"),
          onOffline: resolve,
          onRefused: () => Promise.resolve(),
          onMessage: () => undefined,
        });
        bus.start();
      });
    } finally {
      await bus?.close();
    }
  }

  it("is the address that the host was told", async () => {
    assert.equal(await tried(ca, "127.0.0.1"), "online");
  });

  it("is not that of another server of the same fleet", async () => {
    assert.match(await tried(ca, "localhost"), /127\.0\.0\.1|altnames|does not match/i);
  });

  it("is not vouched for by another fleet", async () => {
    const other = newCertificateAuthority("fleet", NOW);
    assert.match(await tried(other, "127.0.0.1"), /certificate|self.signed|verify/i);
  });
});
