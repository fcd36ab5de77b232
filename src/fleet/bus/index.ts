// SPDX-License-Identifier: Apache-2.0
// Files for nodes of the bus, without the rest of the server.
export { FleetStartError } from "../errors.ts";
export { isName, parseEndpoint } from "../server/options.ts";
export { type NodeFilesTerms, writeNodeFiles } from "./node-files.ts";
