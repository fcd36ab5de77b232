// SPDX-License-Identifier: Apache-2.0
// One command and what each host has answered.
import type { JSX } from "preact";
import { useFetched, useList } from "../api/hooks.ts";
import type { CommandResultRow, CommandRow } from "../api/types.ts";
import { Ago, Copyable, Facts, Go, Head, Pill, type Tone, Trouble } from "../parts/bits.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { moment, shown } from "../parts/shown.ts";
import type { Column } from "../parts/table.tsx";
import { Answers } from "./commands.tsx";

const TONES: Readonly<Record<CommandResultRow["status"], Tone>> = {
  waiting: "plain",
  progress: "plain",
  done: "good",
  failed: "bad",
  refused: "bad",
  expired: "warn",
};

const COLUMNS: readonly Column<CommandResultRow>[] = [
  {
    id: "host",
    title: "Host",
    size: "minmax(8rem, 1fr)",
    cell: ({ host, hostName }) => (
      <Go to={["hosts", host]} class="cut strong">
        {shown(hostName)}
      </Go>
    ),
  },
  {
    id: "status",
    title: "Status",
    size: "6.5rem",
    cell: ({ status }) => <Pill tone={TONES[status]}>{status}</Pill>,
  },
  {
    id: "words",
    title: "Answer",
    size: "minmax(10rem, 2.5fr)",
    cell: ({ words, workloads }) => {
      const all = [words, ...workloads.map((one) => `${one.id}: ${one.words}`)]
        .map(shown)
        .join("; ");
      return (
        <span class="cut" title={all}>
          {all}
        </span>
      );
    },
  },
  {
    id: "at",
    title: "When",
    size: "5.5rem",
    number: true,
    spare: 1,
    cell: ({ at }) => (at === undefined ? "" : <Ago at={at} />),
  },
];

export function CommandPage({ id }: { id: string }): JSX.Element {
  const path = `commands/${encodeURIComponent(id)}`;
  const { data, error, reload } = useFetched<CommandRow>(path, ["command"]);
  const listed = useList<CommandResultRow>(`${path}/results`, {}, ["command"]);
  if (data === undefined) return <Trouble error={error} again={reload} />;
  return (
    <>
      <Head title={`Command: ${data.kind}`} note={<Go to={["commands"]}>Commands</Go>} />
      <Facts
        of={[
          ["What", shown(data.words)],
          ["Hosts", <Answers key="hosts" of={data} />],
          ["Ordered", `${moment(data.issued)} by ${shown(data.by)}, ${data.role}`],
          ["Expires", moment(data.expires)],
          [
            "Roll-out",
            data.rollout === undefined ? (
              ""
            ) : (
              <Go to={["rollouts", data.rollout]}>{data.rollout}</Go>
            ),
          ],
          ["Id", <Copyable key="id" value={data.id} name="the id" />],
        ]}
      />
      <h3>Answers</h3>
      <ListTable
        label="Answers"
        listed={listed}
        columns={COLUMNS}
        empty="No host is meant by it."
      />
    </>
  );
}
