// SPDX-License-Identifier: Apache-2.0
// Templates of all forms, and names that were made from them.
import fc from "fast-check";
import type { Hole } from "../../src/model/template/holes.ts";
import { hasHole, type Template } from "../../src/model/template/template.ts";

const digits = "0123456789";
const hexDigits = `${digits}abcdef`;
const word = `${digits}ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_`;

const of = (chars: string, min: number, max = min): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...chars), minLength: min, maxLength: max });

/** The process that uses the names. */
export const USER: { readonly pid: number; readonly tgid: number } = { pid: 4243, tgid: 4242 };

const two = (n: number): string => String(n).padStart(2, "0");
const anyTime = fc
  .record({
    year: fc.integer({ min: 1970, max: 2199 }),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 31 }),
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.integer({ min: 0, max: 59 }),
    form: fc.integer({ min: 0, max: 6 }),
  })
  .map(({ year, month, day, hour, minute, form }) => {
    const date = [year, two(month), two(day)];
    const clock = [two(hour), two(minute), two(minute)];
    const forms = [
      date.join("-"),
      date.join(""),
      `${year}-${two(month)}`,
      `${date.join("-")}T${clock.join(":")}Z`,
      `${date.join("")}T${clock.join("")}`,
      `${date.join("-")}T${clock.join("_")}_789Z`,
      clock.join(":"),
    ];
    return forms[form] ?? "";
  });

/** Texts that a hole stands for. */
export function madeFrom({ type, size }: Hole): fc.Arbitrary<string> {
  switch (type) {
    case "pid":
      return fc.constantFrom("4242", "4243");
    case "n":
      return of(digits, 1, 20);
    case "hex":
      return size === undefined ? of(hexDigits, 8, 128) : of(hexDigits, size);
    case "tmp":
      return of(word, 6, 12);
    case "id":
      return of(`${word}-`, size ?? 1);
    case "uuid":
      return fc.uuid();
    case "time":
      return anyTime;
    case "name":
      return fc
        .string({ unit: "binary", minLength: 1, maxLength: 20 })
        .map((text) => text.replaceAll("/", "|"))
        .filter((text) => text !== "." && text !== "..");
    case "path":
      return fc
        .array(
          of(`${word}.`, 1, 5).map((text) => `p${text}`),
          { minLength: 1, maxLength: 4 },
        )
        .map((parts) => parts.join("/"));
  }
}

const sizedHole = fc.oneof(
  fc
    .tuple(fc.constantFrom("hex" as const, "id" as const), fc.integer({ min: 1, max: 60 }))
    .map(([type, size]): Hole => ({ type, size })),
  fc.constant<Hole>({ type: "uuid" }),
);
const openHole = fc.constantFrom<Hole>(
  { type: "pid" },
  { type: "n" },
  { type: "hex" },
  { type: "tmp" },
  { type: "time" },
);
/** A literal that may follow any hole, and stand before any; no time goes on with it. */
const literal = fc
  .tuple(of("~={}@é", 1), fc.string({ unit: "grapheme", maxLength: 6 }))
  .map(([first, rest]) => first + rest.replaceAll(/[/\0\p{Cs}]/gu, "~"));

/** literal, then pairs of a hole and a literal; the last may go to the end. */
const holedComponent = fc
  .tuple(
    fc.option(literal, { nil: undefined }),
    fc.array(fc.tuple(fc.oneof(sizedHole, openHole), literal), { maxLength: 3 }),
    fc.option(fc.oneof(sizedHole, openHole, fc.constant<Hole>({ type: "name" })), {
      nil: undefined,
    }),
  )
  .map(([start, pairs, end]) => [
    ...(start === undefined ? [] : [start]),
    ...pairs.flat(),
    ...(end === undefined ? [] : [end]),
  ])
  .filter(hasHole);
const literalComponent = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(["a"], ["b"], ["srv"], ["{x}"]) },
  { weight: 1, arbitrary: fc.constantFrom([], [".."]) },
);

/** Any template. */
export const anyTemplate: fc.Arbitrary<Template> = fc
  .record({
    root: fc.constantFrom("/" as const, "@" as const, "" as const),
    before: fc.array(literalComponent, { maxLength: 3 }),
    holed: holedComponent,
    after: fc.array(fc.oneof(holedComponent, fc.constant(["z"])), { maxLength: 2 }),
    end: fc.constantFrom("path", "below", "", "", ""),
  })
  .map(({ root, before, holed, after, end }) => ({
    root,
    ...(end === "below" && { below: true as const }),
    components: [
      ...before,
      holed,
      ...after,
      ...(end === "path" ? [[{ type: "path" } as const]] : []),
    ],
  }))
  // a relative template does not begin with the mark of another root
  .filter(({ root, components: [first] }) => {
    const start = first?.[0];
    return (
      root !== "" || (start !== undefined && !(typeof start === "string" && /^[@]/.test(start)))
    );
  });

/** A template and a name that it stands for. */
export const anyMatch: fc.Arbitrary<{ readonly template: Template; readonly name: string }> =
  anyTemplate.chain((template) => {
    const components = template.components.map((component) =>
      fc
        .tuple(
          ...component.map((piece) =>
            typeof piece === "string" ? fc.constant(piece) : madeFrom(piece),
          ),
        )
        .map((parts) => parts.join("")),
    );
    const root = template.root === "@" ? "\0" : template.root;
    const rest = template.below === true ? fc.constantFrom("", "/x", "/{n}/.x") : fc.constant("");
    return fc
      .tuple(rest, ...components)
      .map(([end, ...parts]) => ({ template, name: root + parts.join("/") + end }));
  });
