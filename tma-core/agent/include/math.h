// SPDX-License-Identifier: Apache-2.0
// The generated core has functions over floating point that nobody calls; the compiler has what they name.
#pragma once
#define isnan __builtin_isnan
#define signbit __builtin_signbit
#define floor __builtin_floor
#define floorf __builtin_floorf
#define ceil __builtin_ceil
#define ceilf __builtin_ceilf
#define trunc __builtin_trunc
#define truncf __builtin_truncf
#define nearbyint __builtin_nearbyint
#define nearbyintf __builtin_nearbyintf
#define fabs __builtin_fabs
#define fabsf __builtin_fabsf
#define sqrt __builtin_sqrt
#define sqrtf __builtin_sqrtf
