// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { AF, parseAddress } from "./sockets.ts";

const DIGEST = "sha256";
const hashOf = (bytes: Uint8Array): string => createHash(DIGEST).update(bytes).digest("hex");

function address(family: number, hex: string): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16LE(family);
  return Buffer.concat([head, Buffer.from(hex, "hex")]);
}

test("internet addresses are the words of memory", () => {
  // 127.0.0.1 port 443
  const bytes = address(AF.INET, "01bb7f0000010000000000000000");
  const expected = { family: "inet", port: 47_873, address: 16_777_343 };
  assert.deepEqual(parseAddress(bytes, DIGEST), expected);
  assert.deepEqual(parseAddress(bytes.subarray(0, 8), DIGEST), expected);
  assert.deepEqual(parseAddress(Buffer.concat([bytes, Buffer.alloc(112)]), DIGEST), expected);
});

test("internet addresses of version 6", () => {
  const host = "20010db8000000000000000000000001";
  const bytes = address(AF.INET6, `01bb00000002${host}05000000`);
  assert.deepEqual(parseAddress(bytes, DIGEST), {
    family: "inet6",
    port: 47_873,
    flow: 0x02000000,
    address: host,
    scope: 5,
  });
  // the kernel takes addresses without a scope
  assert.deepEqual(parseAddress(bytes.subarray(0, 24), DIGEST), {
    family: "inet6",
    port: 47_873,
    flow: 0x02000000,
    address: host,
    scope: 0,
  });
});

test("local names end at their NUL, or where the address ends", () => {
  const name = (text: string): Buffer =>
    address(AF.UNIX, Buffer.from(text, "latin1").toString("hex"));
  const of = (bytes: Buffer): string | undefined => {
    const parsed = parseAddress(bytes, DIGEST);
    return parsed?.family === "unix" ? parsed.address : undefined;
  };
  assert.equal(of(name("/run/socket\0")), "/run/socket");
  assert.equal(of(name("/run/socket\0rest")), "/run/socket");
  assert.equal(of(name("/run/socket")), "/run/socket");
  assert.equal(of(name("")), "");
  assert.equal(of(name("n".repeat(108))), "n".repeat(108));
  assert.equal(of(name("\xff/\xfe\0")), "\udcff/\udcfe");
});

test("abstract names are all their bytes", () => {
  const bytes = address(AF.UNIX, "00610062");
  assert.deepEqual(parseAddress(bytes, DIGEST), { family: "unix", address: "\0a\0b" });
  assert.deepEqual(parseAddress(address(AF.UNIX, "00"), DIGEST), { family: "unix", address: "\0" });
  const longest = address(AF.UNIX, `00${"61".repeat(107)}`);
  assert.deepEqual(parseAddress(longest, DIGEST), {
    family: "unix",
    address: `\0${"a".repeat(107)}`,
  });
});

test("other families, and addresses that are too short for theirs, by their digest", () => {
  for (const bytes of [
    address(AF.NETLINK, "0000000000000000"),
    address(17, "0000"),
    address(AF.INET, "01bb7f00"),
    address(AF.INET6, "01bb00000000"),
    address(65_535, ""),
  ]) {
    assert.deepEqual(parseAddress(bytes, DIGEST), { family: "other", digest: hashOf(bytes) });
  }
});

test("no family is no address", () => {
  assert.equal(parseAddress(Buffer.alloc(0), DIGEST), undefined);
  assert.equal(parseAddress(Buffer.alloc(1), DIGEST), undefined);
  assert.equal(parseAddress(Buffer.alloc(16), DIGEST), undefined);
});

test("no bytes make it fail, and different addresses are not told alike", () => {
  const bytes = fc.uint8Array({ minLength: 2, maxLength: 128 }).map((array) => Buffer.from(array));
  fc.assert(
    fc.property(bytes, bytes, (one, other) => {
      const [a, b] = [parseAddress(one, DIGEST), parseAddress(other, DIGEST)];
      if (a === undefined || b === undefined || a.family !== "other") return;
      assert.equal(JSON.stringify(a) === JSON.stringify(b), one.equals(other));
    }),
  );
});
