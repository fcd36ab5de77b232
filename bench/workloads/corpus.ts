// SPDX-License-Identifier: Apache-2.0
// The corpus: every workload there is, in the order of the table.
import { cron } from "./cron.ts";
import { git } from "./git.ts";
import { imagemagick } from "./imagemagick.ts";
import type { Workload } from "./lib/workload.ts";
import { make } from "./make.ts";
import { nginx } from "./nginx.ts";
import { nodeServer } from "./node-server.ts";
import { npm } from "./npm.ts";
import { postgres } from "./postgres.ts";
import { pythonWeb } from "./python-web.ts";
import { redis } from "./redis.ts";
import { sftp } from "./sftp.ts";
import { sqlite } from "./sqlite.ts";

export const CORPUS: readonly Workload[] = [
  nginx,
  redis,
  postgres,
  sqlite,
  sftp,
  imagemagick,
  git,
  npm,
  nodeServer,
  pythonWeb,
  make,
  cron,
];
