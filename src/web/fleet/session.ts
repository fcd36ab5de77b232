// SPDX-License-Identifier: Apache-2.0
// Who looks at the console, and what his role allows. The server decides; the page only leaves out what would be refused.
import { type Context, createContext } from "preact";
import { useContext } from "preact/hooks";
import { isAtLeast } from "../../wire/api/index.ts";
import type { Me, Role } from "./api/types.ts";

export const SessionContext: Context<Me | undefined> = createContext<Me | undefined>(undefined);

export function useMe(): Me | undefined {
  return useContext(SessionContext);
}

/** Whether the one who looks has this role, or one that may more. */
export function useMay(role: Role): boolean {
  const me = useMe();
  return me !== undefined && isAtLeast(me.role, role);
}
