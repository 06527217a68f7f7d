// Fused multiply-add with one rounding, on every machine.
#pragma once

#if defined(__FMA__) || defined(__aarch64__)
CI_INLINE f32x16 ci_fma(f32x16 a, f32x16 b, f32x16 c) { return __builtin_elementwise_fma(a, b, c); }
#else
typedef double f64x16 __attribute__((vector_size(128)));
typedef long i64x16 __attribute__((vector_size(128)));

/// Exact without hardware: the product of two floats is exact in double; TwoSum gives the rounding
/// error of the double sum; rounding that sum to odd leaves enough for one correct rounding to float
/// (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
CI_INLINE f32x16 ci_fma(f32x16 a, f32x16 b, f32x16 c) {
#pragma STDC FP_CONTRACT OFF
  f64x16 product = __builtin_convertvector(a, f64x16) * __builtin_convertvector(b, f64x16);
  f64x16 addend = __builtin_convertvector(c, f64x16);
  f64x16 sum = product + addend;
  f64x16 back = sum - product;
  f64x16 error = (product - (sum - back)) + (addend - back);
  i64x16 bits = (i64x16)sum;
  i64x16 inexact = (i64x16)(error > 0) | (i64x16)(error < 0);
  i64x16 even = (bits & 1) - 1;
  i64x16 towardZero = (i64x16)(error > 0) ^ (i64x16)(sum > 0);
  bits += inexact & even & (towardZero | 1);
  return __builtin_convertvector((f64x16)bits, f32x16);
}
#endif
