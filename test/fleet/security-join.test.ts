// SPDX-License-Identifier: Apache-2.0
// Somebody between a host and its fleet when it joins: whatever he shows, he gets no token, and nobody believes him.
import assert from "node:assert/strict";
import { X509Certificate, createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { enrol } from "../../src/daemon/fleet/enrol.ts";
import { newCertificateAuthority, newServerCertificate } from "../../src/fleet/keys/certificate.ts";
import { enrolTokenText } from "../../src/wire/link/index.ts";

describe("who is between a host and its fleet", () => {
  const now = Date.now();
  const fleet = newCertificateAuthority("the fleet", now);
  const own = newCertificateAuthority("somebody else", now);
  const terms = { names: ["127.0.0.1"], now, days: 1 };
  const shown = newServerCertificate(own, "somebody else", terms);
  const token = enrolTokenText({
    secret: "s".repeat(32),
    caDigest: createHash("sha256").update(new X509Certificate(fleet.certificate).raw).digest("hex"),
  });
  const heard: string[] = [];
  let pem = "";
  let server: Server;
  let url = "";
  before(async () => {
    server = createServer({ cert: shown.certificate, key: shown.key }, (asked, answer) => {
      heard.push(`${asked.method} ${asked.url}`);
      answer.end(asked.url === "/ca.pem" ? pem : "{}");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  const shownCertificates = {
    "its own certificate": own.certificate,
    "that of the fleet, which anybody may read": fleet.certificate,
    "that of the fleet and its own behind it": fleet.certificate + own.certificate,
    "its own, and that of the fleet behind it": own.certificate + fleet.certificate,
  };
  for (const [what, certificates] of Object.entries(shownCertificates)) {
    it(`gets no token by showing ${what}`, async () => {
      pem = certificates;
      heard.length = 0;
      await assert.rejects(
        enrol({ url, token, name: "host" }),
        /REFUSED|UNREACHABLE|not the fleet|can not speak/,
      );
      assert.deepEqual(heard, ["GET /ca.pem"]);
    });
  }
});
