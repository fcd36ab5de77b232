// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { decode, encodeUser } from "@nats-io/jwt";
import { fromPublic } from "@nats-io/nkeys";
import { hostToken } from "../bus/tokens.ts";
import { newCertificateAuthority, newServerCertificate } from "./certificate.ts";
import { certificateDigest, openFleetKeys } from "./fleet-keys.ts";
import { isSignedByUser, newBusKey } from "./nkeys.ts";
import { openTls } from "./tls.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const HOST = "abcdefghij2345672345";
const roots: string[] = [];
const root = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "galgo-keys-"));
  roots.push(folder);
  return folder;
};
after(() => {
  for (const folder of roots) rmSync(folder, { recursive: true, force: true });
});

describe("keys of a fleet", () => {
  it("are made once, and are nobody else's to read", () => {
    const folder = root();
    const made = openFleetKeys(folder, NOW);
    const again = openFleetKeys(folder, NOW + 1e9);
    assert.deepEqual(
      [again.operator.seed, again.commandPem, again.adminToken, again.ca.certificate, again.fleet],
      [made.operator.seed, made.commandPem, made.adminToken, made.ca.certificate, made.fleet],
    );
    for (const file of readdirSync(join(folder, "keys")))
      assert.equal(statSync(join(folder, "keys", file)).mode & 0o777, 0o600, file);
    assert.equal(statSync(join(folder, "keys")).mode & 0o777, 0o700);
  });

  it("are refused when they are damaged or others may read them", () => {
    const folder = root();
    openFleetKeys(folder, NOW);
    const file = join(folder, "keys/account.nk");
    chmodSync(file, 0o644);
    assert.throws(() => openFleetKeys(folder, NOW), { code: "BAD_KEY", message: /chmod 600/ });
    chmodSync(file, 0o600);
    writeFileSync(file, "SUAAAA\n");
    assert.throws(() => openFleetKeys(folder, NOW), { code: "BAD_KEY", message: /backup/ });
    chmodSync(join(folder, "keys"), 0o755);
    assert.throws(() => openFleetKeys(folder, NOW), { code: "NO_DATA", message: /chmod 700/ });
  });
});

describe("tokens of the bus", () => {
  it("say what the library of NATS reads, signed as it checks", async () => {
    const keys = openFleetKeys(root(), NOW);
    const user = newBusKey("user");
    const token = hostToken(keys, {
      host: HOST,
      key: user.publicText,
      now: NOW,
      transport: "nats",
    });
    const claims = decode<{ pub: object; sub: object; type: string }>(token);
    assert.equal(claims.iss, keys.account.publicText);
    assert.equal(claims.sub, user.publicText);
    assert.equal(claims.exp, NOW / 1_000 + 86_400);
    assert.deepEqual(claims.nats.pub, { allow: [`galgo.up.${HOST}.>`] });
    const [head = "", body = "", signature = ""] = token.split(".");
    const data = Buffer.from(`${head}.${body}`);
    const bytes = Buffer.from(signature, "base64url");
    assert.ok(fromPublic(keys.account.publicText).verify(data, bytes));
    const theirs = await encodeUser("x", user.publicText, newBusKeyPair(keys.account.seed), {});
    assert.equal(theirs.split(".")[0], head);
  });

  it("are signed by keys that are told apart", () => {
    const [mine, other] = [newBusKey("user"), newBusKey("user")];
    const data = Buffer.from("galgo-renew");
    assert.ok(isSignedByUser(mine.publicText, data, mine.sign(data)));
    assert.equal(isSignedByUser(mine.publicText, data, other.sign(data)), false);
    assert.equal(isSignedByUser(mine.publicText, Buffer.from("else"), mine.sign(data)), false);
    assert.throws(() => isSignedByUser("UAAA", data, mine.sign(data)), { code: "BAD_MESSAGE" });
  });
});

function newBusKeyPair(seed: string): Uint8Array {
  return new TextEncoder().encode(seed);
}

describe("certificates of a fleet", () => {
  it("are good for the names and addresses that they were made for", () => {
    const ca = newCertificateAuthority("galgo fleet-1", NOW);
    const names = ["fleet.example.org", "192.0.2.7", "2001:db8::7"];
    const made = newServerCertificate(ca, "galgo fleet-1", { names, now: NOW, days: 30 });
    const [server, authority] = [made, ca].map(
      ({ certificate }) => new X509Certificate(certificate),
    );
    assert.ok(server !== undefined && authority !== undefined);
    assert.ok(authority.ca && authority.verify(authority.publicKey));
    assert.ok(!server.ca && server.verify(authority.publicKey) && server.checkIssued(authority));
    assert.equal(server.checkHost("fleet.example.org"), "fleet.example.org");
    assert.equal(server.checkIP("192.0.2.7"), "192.0.2.7");
    assert.ok(server.subjectAltName?.includes("2001:DB8:0:0:0:0:0:7"), server.subjectAltName);
    assert.equal(server.checkHost("other.example.org"), undefined);
    assert.equal(Date.parse(server.validTo), NOW + 30 * 86_400_000);
  });

  it("are made anew when their time or their names are over, by the same CA", () => {
    const keys = openFleetKeys(root(), NOW);
    const first = openTls(keys, ["localhost"], undefined, NOW);
    assert.equal(first.caDigest, certificateDigest(keys.ca.certificate));
    assert.equal(openTls(keys, ["localhost"], undefined, NOW).certificate, first.certificate);
    const named = openTls(keys, ["localhost", "::1"], undefined, NOW);
    assert.notEqual(named.certificate, first.certificate);
    const later = openTls(keys, ["localhost"], undefined, NOW + 340 * 86_400_000);
    assert.notEqual(later.certificate, named.certificate);
    assert.deepEqual([named.caDigest, later.caDigest], [first.caDigest, first.caDigest]);
  });

  it("of the site are refused when they do not belong together or are over", () => {
    const folder = root();
    const keys = openFleetKeys(folder, NOW);
    const own = openTls(keys, ["localhost"], undefined, NOW);
    const files = { certificate: own.certificateFile, key: own.keyFile };
    assert.equal(openTls(keys, [], files, NOW).caDigest, own.caDigest);
    const wrong = { ...files, key: join(folder, "keys/command.pem") };
    assert.throws(() => openTls(keys, [], wrong, NOW), {
      code: "BAD_OPTION",
      message: /does not belong/,
    });
    assert.throws(() => openTls(keys, [], files, NOW + 4e10), {
      code: "BAD_OPTION",
      message: /expired/,
    });
    const none = { ...files, certificate: join(folder, "none") };
    assert.throws(() => openTls(keys, [], none, NOW), { code: "BAD_OPTION", message: /ENOENT/ });
  });
});
