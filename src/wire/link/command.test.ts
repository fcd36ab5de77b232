// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aSigner, nodeVerifier } from "../../../test/helpers/signing.ts";
import { readEnvelope, writeEnvelope } from "../../attest/signed/dsse.ts";
import { signedBy } from "../../attest/signed/envelope-signatures.ts";
import { openCommand, signCommand, type Opening } from "./command.ts";
import { CommandError, type CommandErrorCode } from "./command-error.ts";
import { parseCommandTarget } from "./command-form.ts";
import {
  COMMAND_PAYLOAD_TYPE,
  type CommandBody,
  type WorkloadSelector,
  MAX_COMMAND_AHEAD_MS,
  MAX_COMMAND_LIFE_MS,
} from "./command-types.ts";
import { MAX_COMMAND_TEXT, MAX_TARGETS } from "./limits.ts";
import { selects } from "./select.ts";

const NOW = 1_790_000_000_000;
const HOST = "a".repeat(20);
const OTHER = "b".repeat(20);
const fleet = aSigner("Ed25519");
const stranger = aSigner("Ed25519");
const kill: CommandBody = {
  v: 1,
  id: "c".repeat(26),
  kind: "kill",
  target: { hosts: [HOST], select: { all: true } },
  args: {},
  issued: NOW,
  expires: NOW + 60_000,
  by: "olga",
  role: "operator",
};
const opening: Opening = { keys: [fleet.key], verifier: nodeVerifier, host: HOST, now: NOW };

function refused(code: CommandErrorCode, text: string, how: Partial<Opening> = {}): void {
  assert.throws(
    () => openCommand(text, { ...opening, ...how }),
    (error: unknown) => {
      assert.ok(error instanceof CommandError, String(error));
      assert.equal(error.code, code, error.message);
      return true;
    },
  );
}

/** What the fleet's key has signed, whatever it is. */
function signedAnyhow(value: unknown, payloadType = COMMAND_PAYLOAD_TYPE): string {
  const payload = new TextEncoder().encode(
    typeof value === "string" ? value : JSON.stringify(value),
  );
  return writeEnvelope(signedBy({ payloadType, payload, signatures: [] }, fleet));
}

describe("a command in its envelope", () => {
  it("is opened by the host that it is for, and by each when it is for all", () => {
    assert.deepEqual(openCommand(signCommand(kill, fleet), opening), kill);
    const all: CommandBody = { ...kill, target: { hosts: "all", select: { all: true } } };
    assert.deepEqual(openCommand(signCommand(all, fleet), { ...opening, host: OTHER }), all);
  });

  it("is refused when it is forged, changed, or signed by somebody else", () => {
    const good = readEnvelope(signCommand(kill, fleet), "x");
    const changed = { ...kill, target: { hosts: [HOST, OTHER], select: { all: true } } };
    const payload = new TextEncoder().encode(JSON.stringify(changed));
    refused("BAD_SIGNATURE", writeEnvelope({ ...good, payload }));
    refused("UNKNOWN_KEY", signCommand(kill, stranger));
    const [theirs] = readEnvelope(signCommand(kill, stranger), "x").signatures;
    assert.ok(theirs);
    const posing = { ...good, signatures: [{ keyid: fleet.key.id, sig: theirs.sig }] };
    refused("BAD_SIGNATURE", writeEnvelope(posing));
    const both = { ...good, signatures: [...good.signatures, ...posing.signatures] };
    refused("BAD_SIGNATURE", writeEnvelope(both));
    refused("BAD_COMMAND", signedAnyhow(kill, "application/vnd.in-toto+json"));
  });

  it("is refused by other hosts, too late, and too early", () => {
    const text = signCommand(kill, fleet);
    refused("WRONG_HOST", text, { host: OTHER });
    refused("EXPIRED", text, { now: kill.expires });
    assert.equal(openCommand(text, { ...opening, now: kill.expires - 1 }).id, kill.id);
    const early = kill.issued - MAX_COMMAND_AHEAD_MS;
    assert.equal(openCommand(text, { ...opening, now: early }).id, kill.id);
    refused("NOT_YET", text, { now: early - 1 });
  });

  it("changes the key of commands only for an admin", () => {
    const key: CommandBody = { ...kill, kind: "key", args: { publicKey: "PEM" } };
    refused("NOT_ALLOWED", signCommand(key, fleet));
    assert.equal(openCommand(signCommand({ ...key, role: "admin" }, fleet), opening).kind, "key");
  });

  for (const [what, value] of [
    ["a viewer's", { ...kill, role: "viewer" }],
    ["with a member too many", { ...kill, extra: 1 }],
    ["of an unknown kind", { ...kill, kind: "format" }],
    ["with arguments of another kind", { ...kill, args: { nonce: "00".repeat(16) } }],
    ["to attest, with a short challenge", { ...kill, kind: "attest", args: { nonce: "00" } }],
    ["without a target", { ...kill, target: undefined }],
    ["for no host", { ...kill, target: { hosts: [], select: { all: true } } }],
    [
      "for more hosts than one may name",
      {
        ...kill,
        target: { hosts: new Array(MAX_TARGETS + 1).fill(HOST), select: { all: true } },
      },
    ],
    ["with an empty selector", { ...kill, target: { hosts: "all", select: {} } }],
    ["for a host that is a subject", { ...kill, target: { hosts: [">"], select: { all: true } } }],
    ["that expires before it was issued", { ...kill, expires: kill.issued }],
    ["that holds too long", { ...kill, expires: kill.issued + MAX_COMMAND_LIFE_MS + 1 }],
    ["of another version", { ...kill, v: 2 }],
  ] as const) {
    it(`is refused ${what}, although it is signed`, () => {
      refused("BAD_COMMAND", signedAnyhow(value));
    });
  }

  it("is refused when it is no JSON, has a member twice, or is too large", () => {
    refused("BAD_COMMAND", signedAnyhow("{"));
    refused("BAD_COMMAND", signedAnyhow(JSON.stringify(kill).replace("{", '{"kind":"seal",')));
    refused("BAD_COMMAND", "not even an envelope");
    refused("TOO_LARGE", " ".repeat(MAX_COMMAND_TEXT + 1));
  });
});

describe("a selector", () => {
  const host = { labels: { site: "north" }, group: "web" };
  const shop = {
    id: "run-1",
    name: "shop-eu",
    model: "ab".repeat(32),
    labels: { tier: "front" },
  };
  const cases: readonly (readonly [WorkloadSelector, boolean])[] = [
    [{ all: true }, true],
    [{ workloads: ["run-1"] }, true],
    [{ workloads: ["run-2"] }, false],
    [{ names: ["shop-*"] }, true],
    [{ names: ["other", "shop"] }, false],
    [{ models: ["ab".repeat(32)] }, true],
    [{ models: ["cd".repeat(32)] }, false],
    [{ group: "web" }, true],
    [{ group: "db" }, false],
    [{ labels: { site: "north", tier: "front" } }, true],
    [{ labels: { site: "south" } }, false],
    [{ labels: { toString: "x" } }, false],
    [{ group: "web", names: ["shop-eu"], labels: { tier: "back" } }, false],
  ];
  for (const [select, yes] of cases) {
    it(`${JSON.stringify(select)} ${yes ? "means" : "does not mean"} it`, () => {
      assert.deepEqual(parseCommandTarget({ hosts: "all", select }).select, select);
      assert.equal(selects(select, host, shop), yes);
    });
  }

  it("by models or groups means nothing where there are none", () => {
    const { model: _, ...plain } = shop;
    assert.equal(selects({ models: ["ab".repeat(32)] }, host, plain), false);
    assert.equal(selects({ group: "web" }, { labels: {} }, plain), false);
  });
});
