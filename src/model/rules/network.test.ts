// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  addressBytes,
  contains,
  firstAddress,
  type Network,
  overlap,
  parseNetwork,
  printNetwork,
} from "./network.ts";

const anyNetwork: fc.Arbitrary<Network> = fc
  .constantFrom("inet" as const, "inet6" as const)
  .chain((family) => {
    const size = family === "inet" ? 4 : 16;
    const byte = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));
    return fc.record({
      family: fc.constant(family),
      bytes: fc.array(byte, { minLength: size, maxLength: size }),
      prefix: fc.integer({ min: 0, max: size * 8 }),
    });
  })
  .map(({ family, bytes, prefix }) => ({ family, prefix, bytes: cut(bytes, prefix) }));

/** Bit by bit. */
function cut(bytes: readonly number[], prefix: number): readonly number[] {
  return bytes.map((byte, i) => {
    let kept = 0;
    for (let bit = 0; bit < 8; bit++) if (8 * i + bit < prefix) kept |= byte & (0x80 >> bit);
    return kept;
  });
}

describe("a network", () => {
  it("is read as what it was written from", () => {
    fc.assert(
      fc.property(anyNetwork, (network) => {
        assert.deepEqual(parseNetwork(printNetwork(network)), network);
      }),
      { numRuns: 1000 },
    );
  });

  it("has the addresses that begin with its bits, and no others", () => {
    fc.assert(
      fc.property(anyNetwork, anyNetwork, ({ bytes }, network) => {
        const size = network.bytes.length;
        const expected =
          bytes.length === size && cut(bytes, network.prefix).join() === network.bytes.join();
        assert.equal(contains(network, bytes), expected);
        assert.ok(contains(network, addressBytes(firstAddress(network))));
        assert.ok(overlap(network, network));
      }),
      { numRuns: 1000 },
    );
  });

  it("reads addresses as events have them", () => {
    assert.deepEqual(addressBytes(16_777_343), [127, 0, 0, 1]);
    assert.equal(firstAddress(parseNetwork("127.0.0.1/32")), 16_777_343);
    assert.equal(firstAddress(parseNetwork("255.255.255.255/32")), 0xffffffff);
    assert.equal(firstAddress(parseNetwork("2001:db8::/32")), `20010db8${"0".repeat(24)}`);
  });

  const wrong = [
    ["", "can not be read"],
    ["192.0.2.0", "its length"],
    ["192.0.2.0/33", "its length"],
    ["192.0.2.0/08", "its length"],
    ["192.0.2.0/-1", "its length"],
    ["192.0.2/24", "can not be read"],
    ["192.0.2.256/32", "can not be read"],
    ["192.0.02.0/24", "can not be read"],
    ["192.0.2.0/24/8", "can not be read"],
    ["192.0.2.128/24", "write 192.0.2.0/24"],
    ["2001:db8::1/48", "write 2001:db8::/48"],
    ["2001:DB8::/48", "can not be read"],
    ["2001:db8:0:0:0:0:0:0/48", "write 2001:db8::/48"],
    ["2001::db8::/48", "can not be read"],
    ["1:2:3:4:5:6:7/64", "can not be read"],
    ["1:2:3:4:5:6:7:8:9/64", "can not be read"],
    ["::ffff:192.0.2.0/120", "can not be read"],
  ] as const;
  for (const [text, why] of wrong) {
    it(`is refused with a reason: ${text}`, () => {
      assert.throws(
        () => parseNetwork(text),
        (error: Error) => error.message.includes(why),
      );
    });
  }
});
