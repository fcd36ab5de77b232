// SPDX-License-Identifier: Apache-2.0
// Tokens of programs that speak to the API.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post, remove } from "../api/client.ts";
import { useList } from "../api/hooks.ts";
import type { ApiTokenMade, ApiTokenRow, Role } from "../api/types.ts";
import { Ago, Trouble } from "../parts/bits.tsx";
import { Dialog, Field } from "../parts/dialog.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { RoleField } from "../parts/role-field.tsx";
import { moment, shown } from "../parts/shown.ts";
import type { Column } from "../parts/table.tsx";
import { ToldOnce } from "../parts/told-once.tsx";
import { useMe } from "../session.ts";

const ROWS = 10;
const DAYS = 90;

export function ApiTokens(): JSX.Element {
  const listed = useList<ApiTokenRow>("api-tokens", {});
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<ApiTokenMade | undefined>(undefined);
  const [refused, setRefused] = useState<unknown>(undefined);
  const revoke = (id: string): void => {
    setRefused(undefined);
    remove(`api-tokens/${encodeURIComponent(id)}`).then(() => listed.source.refresh(), setRefused);
  };
  return (
    <section>
      <h3>
        Tokens of programs{" "}
        <button type="button" onClick={() => setAdding(true)}>
          New …
        </button>
      </h3>
      <Trouble error={refused} />
      {made === undefined ? null : (
        <ToldOnce
          value={made.token}
          words={`The token ${shown(made.name)}. It is shown only now.`}
        />
      )}
      <ListTable
        label="Tokens of programs"
        listed={listed}
        columns={columnsOf(revoke)}
        rows={ROWS}
        empty="None."
      />
      {adding ? (
        <NewToken
          close={() => setAdding(false)}
          done={(token) => {
            setMade(token);
            listed.source.refresh();
          }}
        />
      ) : null}
    </section>
  );
}

function columnsOf(revoke: (id: string) => void): readonly Column<ApiTokenRow>[] {
  return [
    {
      id: "name",
      title: "Token",
      size: "minmax(8rem, 1.4fr)",
      cell: ({ name }) => <strong class="cut">{shown(name)}</strong>,
    },
    {
      id: "user",
      title: "User",
      size: "minmax(6rem, 1fr)",
      spare: 1,
      cell: ({ user }) => <span class="cut">{shown(user)}</span>,
    },
    { id: "role", title: "Role", size: "6rem", cell: ({ role }) => role },
    {
      id: "expires",
      title: "Expires",
      size: "11rem",
      spare: 1,
      cell: ({ expires }) => moment(expires),
    },
    {
      id: "used",
      title: "Last used",
      size: "7rem",
      spare: 2,
      cell: ({ lastUsed }) => <Ago at={lastUsed} />,
    },
    {
      id: "revoke",
      title: "",
      size: "6rem",
      cell: ({ id }) => (
        <button type="button" class="link bad-text" onClick={() => revoke(id)}>
          Revoke
        </button>
      ),
    },
  ];
}

interface NewTokenProps {
  readonly close: () => void;
  readonly done: (made: ApiTokenMade) => void;
}

function NewToken({ close, done }: NewTokenProps): JSX.Element {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>(useMe()?.role ?? "viewer");
  const [days, setDays] = useState(DAYS);
  return (
    <Dialog
      title="New token"
      act="Make"
      close={close}
      done={async () => done(await post<ApiTokenMade>("api-tokens", { name, role, days }))}
    >
      <Field name="What for">
        <input required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </Field>
      <Field name="Role" note="Your own at most.">
        <RoleField value={role} choose={setRole} />
      </Field>
      <Field name="Days">
        <input
          type="number"
          min={1}
          required
          value={days}
          onInput={(event) => setDays(event.currentTarget.valueAsNumber)}
        />
      </Field>
    </Dialog>
  );
}
