// SPDX-License-Identifier: Apache-2.0
// Bodies of the requests about users, sessions and tokens.
import * as z from "zod/mini";
import {
  type ApiTokenOrder,
  type LoginOrder,
  type PasswordOrder,
  ROLES,
  type UserChange,
  type UserOrder,
} from "../../wire/api/index.ts";
import { lazily } from "../../wire/link/index.ts";
import { MAX_TOKEN_DAYS } from "./limits.ts";
import { MAX_PASSWORD_CHARS } from "./passwords.ts";

const MAX_NAME_CHARS = 128;
const name = () => z.string().check(z.minLength(1), z.maxLength(MAX_NAME_CHARS));
const password = () => z.string().check(z.minLength(1), z.maxLength(MAX_PASSWORD_CHARS * 4));
const role = () => z.enum(ROLES);

export const loginOrder: () => z.ZodMiniType<LoginOrder> = lazily<LoginOrder>(() =>
  z.strictObject({ user: name(), password: password() }),
);
export const passwordOrder: () => z.ZodMiniType<PasswordOrder> = lazily<PasswordOrder>(() =>
  z.strictObject({ old: password(), password: password() }),
);
export const userOrder: () => z.ZodMiniType<UserOrder> = lazily<UserOrder>(() =>
  z.strictObject({
    user: name(),
    name: z.exactOptional(name()),
    role: role(),
    password: password(),
  }),
);
export const userChange: () => z.ZodMiniType<UserChange> = lazily<UserChange>(() =>
  z.strictObject({
    name: z.exactOptional(name()),
    role: z.exactOptional(role()),
    password: z.exactOptional(password()),
    disabled: z.exactOptional(z.boolean()),
  }),
);
export const apiTokenOrder: () => z.ZodMiniType<ApiTokenOrder> = lazily<ApiTokenOrder>(() =>
  z.strictObject({
    name: name(),
    role: role(),
    days: z.int().check(z.minimum(1), z.maximum(MAX_TOKEN_DAYS)),
  }),
);
