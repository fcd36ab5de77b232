// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PeerCertificate } from "node:tls";
import { namesOneOf } from "./tls-names.ts";

describe("names of a certificate", () => {
  const certificate = (subjectaltname: string): PeerCertificate =>
    ({ subject: {}, subjectaltname }) as unknown as PeerCertificate;

  it("have to be those of a server that was named, whatever Node looks for", () => {
    const check = namesOneOf([
      "tls://bus-1.example.org:4222",
      "tls://192.0.2.7:4222",
      "tls://[2001:db8::1]:4222",
    ]);
    const good = [
      "DNS:bus-1.example.org",
      "IP Address:192.0.2.7",
      "DNS:x, IP Address:2001:DB8:0:0:0:0:0:1",
    ];
    for (const names of good)
      assert.equal(check("localhost", certificate(names)), undefined, names);
    const bad = ["DNS:localhost", "DNS:bus-2.example.org", "IP Address:192.0.2.8", "DNS:192.0.2.7"];
    for (const names of bad)
      assert.ok(check("localhost", certificate(names)) instanceof Error, names);
    assert.ok(namesOneOf([])("localhost", certificate("DNS:localhost")) instanceof Error);
  });
});
