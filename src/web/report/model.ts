// SPDX-License-Identifier: Apache-2.0
// The terms of the model: its rules with what they rest on, and what the sensor saw that it was learned with.
import type { ReportFidelity, ReportModel, ReportRule } from "../../model/report/data.ts";
import { copyable } from "./copy.ts";
import { h } from "./dom.ts";
import { count, plural } from "./format.ts";
import { facts } from "./facts.ts";

const ORIGIN_WORDS: Readonly<Record<ReportRule["origin"], string>> = {
  "built-in": "of the profile",
  found: "found",
  asked: "asked for",
};

export function modelView(model: ReportModel): HTMLElement {
  const own = model.rules.filter(({ origin }) => origin !== "built-in");
  const builtIn = model.rules.filter(({ origin }) => origin === "built-in");
  return h(
    "div",
    { class: "model" },
    h(
      "p",
      { class: "intro" },
      `What varies without being behaviour is made equal by rules before anything is compared. They are part of the model and covered by its digest.`,
    ),
    h("h3", {}, `Rules of this workload (${count(own.length)})`),
    own.length === 0
      ? h(
          "p",
          { class: "muted" },
          "None: nothing varied between the runs that it was learned from.",
        )
      : rulesTable(own, true),
    h("h3", {}, `Rules of the profile ${model.profile} (${count(builtIn.length)})`),
    builtIn.length === 0 ? h("p", { class: "muted" }, "None.") : rulesTable(builtIn, false),
    h("h3", {}, "Terms"),
    facts([
      ["Name", h("span", {}, model.name)],
      [
        "File",
        model.file === undefined ? undefined : h("span", { class: "mono whole" }, model.file),
      ],
      ["Mapping", h("span", {}, `${model.mapping}, digest ${model.digest}`)],
      ["State", copyable(model.state, "the state of the model")],
      ["Digest", copyable(model.modelDigest, "the digest of the whole model")],
    ]),
    h("h3", {}, "Fidelity"),
    fidelityPart(model.fidelity),
  );
}

function rulesTable(rules: readonly ReportRule[], own: boolean): HTMLElement {
  const heads = own ? ["Rule", "What it does", "Rests on"] : ["Rule", "What it does"];
  return h(
    "table",
    { class: "plain rules" },
    h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, ...rules.map((rule) => ruleRow(rule, own))),
  );
}

function ruleRow(rule: ReportRule, own: boolean): HTMLElement {
  const { evidence, origin } = rule;
  const rests =
    evidence === undefined
      ? [
          h(
            "span",
            { class: "muted" },
            origin === "asked" ? "somebody asked for it" : "the model does not say",
          ),
        ]
      : [
          h(
            "span",
            {},
            `${plural(evidence.distinct, "value")} in ${plural(evidence.runs.length, "run")}`,
          ),
          h("span", { class: "mono values" }, evidence.values.join("  ")),
        ];
  return h(
    "tr",
    {},
    h("th", { scope: "row", class: "mono" }, rule.rule),
    h("td", {}, rule.words),
    own
      ? h("td", {}, h("span", { class: `pill ${origin}` }, ORIGIN_WORDS[origin]), " ", ...rests)
      : undefined,
  );
}

export function fidelityPart({
  sensor,
  sees,
  holds,
  absent,
  features,
}: ReportFidelity): HTMLElement {
  const words = (list: readonly string[]): HTMLElement =>
    h("span", { class: "mono words-list" }, list.length === 0 ? "nothing" : list.join(" "));
  const unheld = sees.filter((hook) => !holds.includes(hook));
  return facts([
    ["Sensor", h("span", {}, sensor)],
    [`Sees (${sees.length})`, words(sees)],
    [`Seen, not held (${unheld.length})`, words(unheld)],
    ["Never known", words(absent)],
    ["Features", words(features)],
  ]);
}
