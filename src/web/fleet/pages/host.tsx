// SPDX-License-Identifier: Apache-2.0
// One host: what is known of it, and its workloads.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import { useFetched, useList } from "../api/hooks.ts";
import type { HostRow, WorkloadRow } from "../api/types.ts";
import { HostStatus, WORKLOAD_COLUMNS } from "../columns.tsx";
import { Ago, Copyable, Facts, Go, Head, Trouble } from "../parts/bits.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { Orders } from "../parts/orders.tsx";
import { bytes, count, moment, plural, shown } from "../parts/shown.ts";
import { go } from "../place.ts";
import { useMay } from "../session.ts";

export function HostPage({ id }: { id: string }): JSX.Element {
  const {
    data: host,
    error,
    reload,
  } = useFetched<HostRow>(`hosts/${encodeURIComponent(id)}`, ["host"]);
  if (host === undefined) return <Trouble error={error} again={reload} />;
  return (
    <>
      <Head title={shown(host.name)} note={<Go to={["hosts"]}>Hosts</Go>}>
        <Orders
          what={`all workloads on ${shown(host.name)}`}
          target={{ hosts: [id], select: { all: true } }}
          kinds={["enforce", "detect", "attest", "kill"]}
        />
        {host.status === "revoked" ? null : <Revoke host={host} done={reload} />}
      </Head>
      <HostFacts host={host} />
      <h3>Workloads</h3>
      <HostWorkloads id={id} />
    </>
  );
}

function HostFacts({ host }: { host: HostRow }): JSX.Element {
  const { status, lastSeen, joined, group, labels, galgo, spoolBytes, dropped } = host;
  return (
    <Facts
      of={[
        ["Status", <HostStatus key="status" status={status} />],
        ["Last seen", <Ago key="seen" at={lastSeen} />],
        ["Enrolled", moment(joined)],
        [
          "Group",
          group === "" ? (
            ""
          ) : (
            <Go to={["hosts"]} choices={{ group }}>
              {shown(group)}
            </Go>
          ),
        ],
        ["Labels", <Labels key="labels" labels={labels} />],
        ["Galgo", shown(galgo)],
        ["Spool", spoolBytes === 0 ? "empty" : bytes(spoolBytes)],
        [
          "Dropped",
          dropped === 0 ? "" : <strong class="bad-text">{plural(dropped, "record")}</strong>,
        ],
        ["Workloads", count(host.workloads)],
        ["Id", <Copyable key="id" value={host.id} name="the id" />],
      ]}
    />
  );
}

function Labels({ labels }: { labels: HostRow["labels"] }): JSX.Element | null {
  const all = Object.entries(labels);
  if (all.length === 0) return null;
  return (
    <span class="labels">
      {all.map(([name, value]) => (
        <Go key={name} to={["hosts"]} choices={{ label: `${name}=${value}` }} class="pill is-plain">
          {shown(name)}={shown(value)}
        </Go>
      ))}
    </span>
  );
}

function HostWorkloads({ id }: { id: string }): JSX.Element {
  const listed = useList<WorkloadRow>("workloads", { host: id }, ["workload"]);
  return (
    <ListTable
      label="Workloads of this host"
      listed={listed}
      columns={WORKLOAD_COLUMNS.filter((column) => column.id !== "host")}
      open={(row) => go(["workloads", row.id])}
      classOf={({ outlier }) => (outlier ? "outlier" : "")}
      empty="Nothing runs there under Galgo."
    />
  );
}

function Revoke({ host, done }: { host: HostRow; done: () => void }): JSX.Element | null {
  const [open, setOpen] = useState(false);
  if (!useMay("admin")) return null;
  return (
    <>
      <button type="button" class="danger" onClick={() => setOpen(true)}>
        Revoke
      </button>
      {open ? (
        <Dialog
          title={`Revoke ${shown(host.name)}?`}
          act="Revoke"
          danger
          close={() => setOpen(false)}
          done={async () => {
            await post(`hosts/${encodeURIComponent(host.id)}/revoke`);
            done();
          }}
        >
          <p>
            Its credentials are no longer taken. It goes on with what it has, and can be enrolled
            again with a new token.
          </p>
        </Dialog>
      ) : null}
    </>
  );
}
