// SPDX-License-Identifier: Apache-2.0
// The generated core includes it; it needs nothing of it but a word that says nothing.
#define assert(truth) ((void)0)
