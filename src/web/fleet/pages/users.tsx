// SPDX-License-Identifier: Apache-2.0
// The users of the console.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import { useList } from "../api/hooks.ts";
import type { Role, UserRow } from "../api/types.ts";
import { Ago, Pill, Trouble } from "../parts/bits.tsx";
import { Dialog, Field } from "../parts/dialog.tsx";
import { ListTable } from "../parts/list-table.tsx";
import { RoleField } from "../parts/role-field.tsx";
import { shown } from "../parts/shown.ts";
import type { Column } from "../parts/table.tsx";

const ROWS = 10;

export function Users(): JSX.Element {
  const listed = useList<UserRow>("users", {});
  const [adding, setAdding] = useState(false);
  const [refused, setRefused] = useState<unknown>(undefined);
  const change = (user: string, what: Partial<Pick<UserRow, "role" | "disabled">>): void => {
    setRefused(undefined);
    post(`users/${encodeURIComponent(user)}`, what).then(() => listed.source.refresh(), setRefused);
  };
  return (
    <section>
      <h3>
        Users{" "}
        <button type="button" onClick={() => setAdding(true)}>
          Add …
        </button>
      </h3>
      <Trouble error={refused} />
      <ListTable
        label="Users"
        listed={listed}
        columns={columnsOf(change)}
        rows={ROWS}
        empty="None."
      />
      {adding ? (
        <AddUser close={() => setAdding(false)} done={() => listed.source.refresh()} />
      ) : null}
    </section>
  );
}

function columnsOf(
  change: (user: string, what: Partial<Pick<UserRow, "role" | "disabled">>) => void,
): readonly Column<UserRow>[] {
  return [
    {
      id: "user",
      title: "User",
      size: "minmax(8rem, 1.4fr)",
      cell: ({ user, name }) => (
        <span class="cut">
          <strong>{shown(user)}</strong>{" "}
          <span class="muted">{name === user ? "" : shown(name)}</span>
        </span>
      ),
    },
    {
      id: "role",
      title: "Role",
      size: "8rem",
      cell: ({ user, role }) => (
        <RoleField value={role} choose={(wanted) => change(user, { role: wanted })} />
      ),
    },
    { id: "kind", title: "Login", size: "6rem", spare: 1, cell: ({ kind }) => kind },
    {
      id: "last",
      title: "Last login",
      size: "7rem",
      spare: 1,
      cell: ({ lastLogin }) => <Ago at={lastLogin} />,
    },
    {
      id: "disabled",
      title: "",
      size: "10rem",
      cell: ({ user, disabled }) => (
        <>
          {disabled ? <Pill tone="warn">disabled</Pill> : null}{" "}
          <button type="button" class="link" onClick={() => change(user, { disabled: !disabled })}>
            {disabled ? "Enable" : "Disable"}
          </button>
        </>
      ),
    },
  ];
}

function AddUser({ close, done }: { close: () => void; done: () => void }): JSX.Element {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const add = async (): Promise<void> => {
    await post("users", { user, password, role });
    done();
  };
  return (
    <Dialog title="Add a user" act="Add" close={close} done={add}>
      <Field name="User">
        <input
          required
          autocomplete="off"
          value={user}
          onInput={(event) => setUser(event.currentTarget.value)}
        />
      </Field>
      <Field name="Role">
        <RoleField value={role} choose={setRole} />
      </Field>
      <Field name="Password">
        <input
          required
          type="password"
          autocomplete="new-password"
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </Field>
    </Dialog>
  );
}
