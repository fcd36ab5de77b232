// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { SHA256 } from "../../test/helpers/test-hasher.ts";
import {
  createModel,
  type Model,
  ModelError,
  type PointObserver,
  type SecurityPoint,
} from "./index.ts";

const coefficient = (n: number): string => SHA256.hex(Uint8Array.of(n & 255, n >> 8));
const [A, B, C] = [coefficient(1), coefficient(2), coefficient(3)];
const ZEROS = "0".repeat(64);
const coefficients = fc.uniqueArray(fc.nat(500).map(coefficient), { maxLength: 30 });

function learned(
  points: readonly string[],
  options: { readonly aggregate?: string; readonly base?: string } = {},
): Model {
  const model = createModel({ hasher: SHA256, ...options });
  for (const point of points) model.update(point);
  return model;
}

describe("a free model", () => {
  it("takes what is new and counts what is known", () => {
    const model = createModel({ hasher: SHA256 });
    assert.deepEqual(model.update(A), { added: true, valid: true });
    assert.deepEqual(model.update(B), { added: true, valid: true });
    assert.deepEqual(model.update(A), { added: false, valid: true });
    assert.deepEqual(model.points(), [
      { coefficient: A, count: 2, valid: true },
      { coefficient: B, count: 1, valid: true },
    ]);
    assert.deepEqual(model.counts, { points: 2, invalid: 0, events: 3 });
  });

  it("is not measured by what it knows already", () => {
    const model = learned([A, B]);
    const before = [model.measurement(), model.state()];
    model.update(A);
    assert.deepEqual([model.measurement(), model.state()], before);
  });

  it("counts repetitions that others have seen", () => {
    const model = learned([A]);
    model.repeated(A, 9);
    assert.equal(model.points()[0]?.count, 10);
    assert.equal(model.counts.events, 10);
    assert.equal(model.state(), learned([A]).state());
    assert.throws(() => model.repeated(B, 1), ModelError);
    assert.throws(() => model.repeated(A, -1), ModelError);
  });

  it("says what belongs to it without counting", () => {
    const model = learned([A]);
    assert.equal(model.has(A), true);
    assert.equal(model.has(B), false);
    model.seal();
    model.update(B);
    assert.equal(model.has(B), false);
    assert.equal(model.points()[0]?.count, 1);
  });

  it("counts a loaded point from its first event", () => {
    const model = createModel({ hasher: SHA256 });
    model.load(A);
    assert.equal(model.points()[0]?.count, 0);
    assert.deepEqual(model.update(A), { added: false, valid: true });
    assert.equal(model.points()[0]?.count, 1);
    assert.equal(model.state(), learned([A]).state());
  });
});

/** Keeps its own list of what it is told. */
function note(seen: SecurityPoint[]): PointObserver {
  return {
    added: (index, { coefficient, count, valid }) => {
      assert.equal(index, seen.length);
      seen.push({ coefficient, count, valid });
    },
    counted: (index, count) => {
      const point = seen[index];
      assert.ok(point !== undefined);
      seen[index] = { ...point, count };
    },
    aggregated: () => assert.fail("nothing was aggregated"),
  };
}

describe("an observer of points", () => {
  it("knows at any time what the model knows", () => {
    const step = fc.record({ loads: fc.boolean(), seals: fc.nat(9), value: fc.nat(12) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const seen: SecurityPoint[] = [];
        const model = createModel({ hasher: SHA256, observer: note(seen) });
        for (const { loads, seals, value } of steps) {
          if (seals === 0) model.seal();
          const takes = loads && !model.sealed ? "load" : "update";
          model[takes](coefficient(value));
          assert.deepEqual(seen, model.points());
        }
      }),
    );
  });

  it("is told of an aggregate that is taken, and of no other", () => {
    const told: string[] = [];
    const observer = { ...note([]), aggregated: (hex: string) => told.push(hex) };
    const model = createModel({ hasher: SHA256, observer, aggregate: A });
    model.setAggregate(A);
    model.setAggregate(B);
    model.seal();
    model.setAggregate(C);
    assert.deepEqual(told, [A, B]);
  });
});

describe("a sealed model", () => {
  it("finds what is outside of it, once as new, always as invalid", () => {
    const model = learned([A]);
    model.seal();
    assert.equal(model.sealed, true);
    assert.deepEqual(model.update(B), { added: true, valid: false });
    assert.deepEqual(model.update(B), { added: false, valid: false });
    assert.deepEqual(model.update(A), { added: false, valid: true });
    assert.deepEqual(model.counts, { points: 2, invalid: 1, events: 4 });
  });

  it("shows a violation in state and measurement", () => {
    const model = learned([A]);
    model.seal();
    const before = [model.state(), model.measurement()];
    model.update(B);
    assert.notEqual(model.state(), before[0]);
    assert.notEqual(model.measurement(), before[1]);
    assert.equal(model.state(), learned([A, B]).state());
  });

  it("cannot be changed", () => {
    const model = learned([A]);
    model.seal();
    for (const change of [
      () => model.load(B),
      () => model.setBase(B),
      () => model.addPseudonym(B),
    ]) {
      assert.throws(change, (e: unknown) => e instanceof ModelError && e.code === "SEALED");
    }
    const state = model.state();
    assert.equal(model.setAggregate(C), false);
    assert.equal(model.state(), state);
  });

  it("may be empty", () => {
    const model = createModel({ hasher: SHA256, aggregate: A });
    model.seal();
    assert.deepEqual(model.update(B), { added: true, valid: false });
  });
});

describe("state and measurement", () => {
  it("state is independent of order and repetition, measurement is not", () => {
    fc.assert(
      fc.property(coefficients, fc.infiniteStream(fc.nat()), (points, random) => {
        const shuffled = points
          .map((point) => ({ point, key: random.next().value }))
          .sort((a, b) => a.key - b.key)
          .map(({ point }) => point);
        const a = learned(points);
        const b = learned([...shuffled, ...points]);
        assert.equal(a.state(), b.state());
        const sameOrder = points.join() === shuffled.join();
        assert.equal(a.measurement() === b.measurement(), sameOrder);
      }),
    );
  });

  it("differ when a point, the aggregate or the base differs", () => {
    fc.assert(
      fc.property(coefficients, fc.nat(500), (points, n) => {
        const base = learned(points);
        const extra = coefficient(1000 + n);
        for (const other of [
          learned([...points, extra]),
          learned(points, { aggregate: extra }),
          learned(points, { base: extra }),
        ]) {
          assert.notEqual(other.state(), base.state());
          if (points.length > 0) assert.notEqual(other.measurement(), base.measurement());
        }
      }),
    );
  });

  it("do not depend on when they are asked for", () => {
    fc.assert(
      fc.property(coefficients, fc.array(fc.boolean()), (points, asked) => {
        const eager = createModel({ hasher: SHA256 });
        points.forEach((point, i) => {
          eager.update(point);
          if (asked[i]) eager.measurement();
          if (asked[i + 1]) eager.state();
        });
        const lazy = learned(points);
        assert.equal(eager.measurement(), lazy.measurement());
        assert.equal(eager.state(), lazy.state());
      }),
    );
  });

  it("take an aggregate at any time before the seal", () => {
    const late = learned([A, B]);
    assert.equal(late.aggregate, undefined);
    late.measurement();
    assert.equal(late.aggregate, ZEROS);
    assert.equal(late.setAggregate(C), true);
    assert.equal(late.setAggregate(C), false);
    const early = learned([A, B], { aggregate: C });
    assert.equal(late.measurement(), early.measurement());
    assert.equal(late.state(), early.state());
  });

  it("start from nothing", () => {
    const model = createModel({ hasher: SHA256 });
    assert.equal(model.measurement(), ZEROS);
    assert.equal(model.base, ZEROS);
    assert.equal(model.state(), createModel({ hasher: SHA256, aggregate: ZEROS }).state());
  });
});

describe("a model refuses", () => {
  const model = createModel({ hasher: SHA256 });
  const wrong = ["", "00", "zz".repeat(32), "AB".repeat(32), "00".repeat(33)];
  for (const value of wrong) {
    it(`${JSON.stringify(value).slice(0, 12)} as coefficient, aggregate, base and pseudonym`, () => {
      for (const give of [
        () => model.update(value),
        () => model.load(value),
        () => model.setAggregate(value),
        () => model.setBase(value),
        () => model.addPseudonym(value),
      ]) {
        assert.throws(give, (e: unknown) => e instanceof ModelError && e.code === "BAD_FIELD");
      }
      assert.equal(model.points().length, 0);
    });
  }

  it("keeps pseudonyms as a set", () => {
    const own = createModel({ hasher: SHA256 });
    own.addPseudonym(A);
    own.addPseudonym(A);
    assert.deepEqual([...own.pseudonyms], [A]);
  });
});
