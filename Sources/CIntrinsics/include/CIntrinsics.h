// What the kernels need beneath Swift: SIMD wrappers that adapt to the instruction set the including
// target is compiled for, the table through which a kernel target exports its entry points, and a few
// calls of the operating system. The wrappers are always inlined and never cross a target boundary.
#pragma once
#pragma clang diagnostic ignored "-Wpsabi"

#include "vectors.h"
#include "fma.h"
#if defined(__AVX512VNNI__)
#include "dot_avx512.h"
#elif defined(__AVX2__)
#include "dot_avx2.h"
#elif defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)
#include "dot_neon.h"
#else
#include "dot_portable.h"
#endif
#if defined(__AMX_INT8__)
#include "amx.h"
#endif
#include "formats.h"
#include "kernel_table.h"
#include "system.h"
