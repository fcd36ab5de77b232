// SPDX-License-Identifier: Apache-2.0
// Evidence that hosts have given, and what the server found.
import type { JSX } from "preact";
import { useList } from "../api/hooks.ts";
import type { AttestationRow } from "../api/types.ts";
import { Ago, Go, Head, Pill } from "../parts/bits.tsx";
import { SearchField } from "../parts/filters.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { shown } from "../parts/shown.ts";
import type { Column } from "../parts/table.tsx";
import { go, useChoices } from "../place.ts";

/** What a verifier says. */
export function Accepted({ accepted }: { accepted: boolean | undefined }): JSX.Element {
  if (accepted === undefined) return <Pill tone="warn">not verified</Pill>;
  return accepted ? <Pill tone="good">accepted</Pill> : <Pill tone="bad">refused</Pill>;
}

const COLUMNS: readonly Column<AttestationRow>[] = [
  {
    id: "name",
    title: "Workload",
    size: "minmax(9rem, 1.3fr)",
    cell: ({ id, name }) => (
      <Go to={["attestations", id]} class="cut strong">
        {shown(name)}
      </Go>
    ),
  },
  {
    id: "host",
    title: "Host",
    size: "minmax(7rem, 1fr)",
    spare: 1,
    cell: ({ host, hostName }) => (
      <Go to={["hosts", host]} class="cut">
        {shown(hostName)}
      </Go>
    ),
  },
  {
    id: "accepted",
    title: "Server",
    size: "7.5rem",
    cell: ({ accepted }) => <Accepted accepted={accepted} />,
  },
  {
    id: "reasons",
    title: "Reasons",
    size: "minmax(8rem, 2fr)",
    spare: 1,
    cell: ({ reasons }) => (
      <span class="cut" title={reasons.map(({ why }) => shown(why)).join("\n")}>
        {reasons.map(({ reason }) => shown(reason)).join(", ")}
      </span>
    ),
  },
  { id: "at", title: "When", size: "5.5rem", number: true, cell: ({ at }) => <Ago at={at} /> },
];

export function AttestationsPage(): JSX.Element {
  const [choices] = useChoices();
  const listed = useList<AttestationRow>("attestations", choices, ["command"]);
  return (
    <>
      <Head
        title="Attestation"
        note="Evidence that was asked for with the command Attest. Open one to verify it again in this browser, by the same code that the server has."
      />
      <div class="tools">
        <SearchField label="Workload or host" />
      </div>
      <ListTable
        label="Attestations"
        listed={listed}
        columns={COLUMNS}
        open={({ id }) => go(["attestations", id])}
        empty="Nobody was asked for evidence yet."
      />
    </>
  );
}
