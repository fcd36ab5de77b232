// SPDX-License-Identifier: Apache-2.0
// Who changed what, and what was refused.
import type { JSX } from "preact";
import { useList } from "../api/hooks.ts";
import type { AuditRow } from "../api/types.ts";
import { Head, Pill, type Tone } from "../parts/bits.tsx";
import { ChoiceField, SearchField } from "../parts/filters.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { moment, shown } from "../parts/shown.ts";
import type { Column } from "../parts/table.tsx";
import { useChoices } from "../place.ts";

const TONES: Readonly<Record<AuditRow["result"], Tone>> = {
  begun: "warn",
  done: "good",
  refused: "bad",
  failed: "bad",
};
const RESULTS = [
  ["done", "done"],
  ["refused", "refused"],
  ["failed", "failed"],
] as const;

const COLUMNS: readonly Column<AuditRow>[] = [
  { id: "at", title: "When", size: "11rem", cell: ({ at }) => moment(at) },
  {
    id: "who",
    title: "Who",
    size: "minmax(6rem, 0.8fr)",
    cell: ({ who, role }) => (
      <span class="cut">
        {shown(who)} <span class="muted">{shown(role)}</span>
      </span>
    ),
  },
  {
    id: "action",
    title: "Action",
    size: "minmax(7rem, 0.9fr)",
    cell: ({ action }) => <code>{shown(action)}</code>,
  },
  {
    id: "target",
    title: "With",
    size: "minmax(8rem, 2fr)",
    spare: 1,
    cell: ({ target, words }) => (
      <span class="cut" title={`${shown(target)} ${shown(words)}`}>
        {shown(target)} <span class="muted">{shown(words)}</span>
      </span>
    ),
  },
  {
    id: "result",
    title: "Result",
    size: "6rem",
    spare: 1,
    cell: ({ result }) => <Pill tone={TONES[result]}>{result}</Pill>,
  },
  {
    id: "address",
    title: "From",
    size: "minmax(7rem, 0.7fr)",
    spare: 2,
    cell: ({ address, via }) => (
      <span class="cut muted">
        {shown(address)} {via}
      </span>
    ),
  },
];

export function AuditPage(): JSX.Element {
  const [choices] = useChoices();
  const listed = useList<AuditRow>("audit", choices, ["command", "rollout", "verdict"]);
  return (
    <>
      <Head
        title="Audit"
        note="Everything that changed something, and every attempt that was refused."
      />
      <div class="tools">
        <SearchField label="User, action or target" />
        <ChoiceField label="Result" name="result" options={RESULTS} />
      </div>
      <ListTable label="Audit" listed={listed} columns={COLUMNS} empty="Nothing yet." />
    </>
  );
}
