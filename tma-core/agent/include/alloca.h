// SPDX-License-Identifier: Apache-2.0
// The generated core includes it; it needs nothing of it.
