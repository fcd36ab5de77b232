// SPDX-License-Identifier: Apache-2.0
// Who acts: a program and those that led to it.
import type { ReportActor, ReportData } from "../../model/report/data.ts";
import { h, joined } from "./dom.ts";

type People = Pick<ReportData, "programs" | "actors">;

export function programName({ programs }: Pick<People, "programs">, index: number): string {
  return programs[index] ?? "?";
}

export function actorOf({ actors }: People, index: number): ReportActor {
  return actors[index] ?? { program: -1, before: [], forked: false };
}

/** "/bin/sh › /usr/bin/cat", the acting one last. */
export function chain(people: People, index: number): HTMLElement {
  const { before, program, forked } = actorOf(people, index);
  const names = [...before.map((one) => h("span", {}, programName(people, one)))];
  names.push(h("strong", {}, programName(people, program)));
  const arrow = (): HTMLElement => h("span", { class: "arrow", "aria-label": "started" }, " › ");
  return h(
    "span",
    { class: "chain mono" },
    ...joined(names, arrow),
    forked ? h("span", { class: "muted" }, " (fork)") : undefined,
  );
}

/** The same as text. */
export function chainText(people: People, index: number): string {
  const { before, program, forked } = actorOf(people, index);
  const names = [...before, program].map((one) => programName(people, one));
  return names.join(" › ") + (forked ? " (fork)" : "");
}
