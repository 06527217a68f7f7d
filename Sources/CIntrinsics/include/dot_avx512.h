// AVX-512 with VNNI: one instruction multiplies four unsigned by four signed bytes in each lane.
#pragma once

#define CI_Q8_OFFSET 128

CI_INLINE u8x64 ci_high_nibbles(u8x64 a) {
  return (u8x64)_mm512_and_si512(_mm512_srli_epi16((__m512i)a, 4), _mm512_set1_epi8(15));
}
/// `sum + dot(weights as 0...255, x)` in each lane.
CI_INLINE i32x16 ci_dot8(i32x16 sum, u8x64 weights, i32x16 x) {
  return (i32x16)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)weights, (__m512i)x);
}
/// The same for weights that are at most 15.
CI_INLINE i32x16 ci_dot4(i32x16 sum, u8x64 weights, i32x16 x) { return ci_dot8(sum, weights, x); }
CI_INLINE f32x16 ci_f16(const void *p) {
  return (f32x16)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
/// Hides a value from the optimiser, so that a measured loop is not folded away.
CI_INLINE u8x64 ci_opaque(u8x64 a) {
  __asm__ volatile("" : "+v"(a));
  return a;
}
