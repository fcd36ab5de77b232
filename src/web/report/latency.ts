// SPDX-License-Identifier: Apache-2.0
// How long the workload waited for decisions.
import type { ReportLatency } from "../../model/report/data.ts";
import { bars } from "./bars.ts";
import { h } from "./dom.ts";
import { tiles } from "./facts.ts";
import { count, microseconds, percent, plural } from "./format.ts";

export function latencyView(latency: ReportLatency): HTMLElement {
  const { histogram, medianUs, p99Us, maxUs } = latency;
  const named: [string, string][] = [
    [microseconds(medianUs), "median"],
    [microseconds(p99Us), "99 % within"],
    [microseconds(maxUs), "longest"],
    [count(latency.count), "decisions"],
  ];
  return h(
    "div",
    { class: "latency" },
    h(
      "p",
      { class: "intro" },
      `How long ${plural(latency.count, "held call")} waited for an answer of the model. Four steps for each doubling; beside each, how many had their answer by then.`,
    ),
    tiles(named),
    histogram.length === 0
      ? h(
          "p",
          { class: "muted" },
          "This run was made by a Galgo that did not keep the distribution.",
        )
      : distribution(latency),
  );
}

function distribution({ histogram, count: total, medianUs, p99Us }: ReportLatency): HTMLElement {
  let seen = 0;
  let before = 0;
  const list = histogram.map(([upToUs, n]) => {
    seen += n;
    const holds = (us: number): boolean => us > before && us <= upToUs;
    const mark = holds(medianUs) ? "median, " : holds(p99Us) ? "99 %, " : "";
    before = upToUs;
    const note = `${mark}${percent(seen / Math.max(1, total))}`;
    return { name: `≤ ${microseconds(upToUs)}`, value: n, note };
  });
  return bars(list);
}
