// SPDX-License-Identifier: Apache-2.0
// Names that a command line offers. Behind this door there is nothing else, because every start of the program comes through it.
export { DIGEST_NAMES, type DigestName } from "../hasher.ts";
export { MAPPING_NAMES, type MappingName } from "../mapping-names.ts";
export { MAX_ALARMS_PER_DAY } from "../sequence/limits.ts";
