// SPDX-License-Identifier: Apache-2.0
// One of the roles.
import type { JSX } from "preact";
import { ROLES } from "../../../wire/api/index.ts";
import type { Role } from "../api/types.ts";

export function RoleField({
  value,
  choose,
}: {
  value: Role;
  choose: (role: Role) => void;
}): JSX.Element {
  return (
    <select
      aria-label="Role"
      value={value}
      onChange={(event) => choose(event.currentTarget.value as Role)}
    >
      {ROLES.map((role) => (
        <option key={role} value={role}>
          {role}
        </option>
      ))}
    </select>
  );
}
