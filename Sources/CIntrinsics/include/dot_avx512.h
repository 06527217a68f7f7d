// AVX-512 with VNNI: one instruction multiplies four unsigned by four signed bytes in each lane.
#pragma once

/// What `ci_dot8` leaves in the sum for each unit of x: the offset of weights stored as bytes, or nothing.
CI_INLINE int ci_byte_offset(void) { return 128; }

/// `sum + dot(weights as 0...255, x)` in each lane.
CI_INLINE i32x16 ci_dot8(i32x16 sum, u8x64 weights, i32x16 x) {
  return (i32x16)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)weights, (__m512i)x);
}
/// The same for weights that are at most 127.
CI_INLINE i32x16 ci_dot4(i32x16 sum, u8x64 weights, i32x16 x) { return ci_dot8(sum, weights, x); }
CI_INLINE f32x16 ci_f16(const void *p) {
  return (f32x16)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
/// The values of IQ4_NL, plus 128, for codes 0...15.
CI_INLINE u8x64 ci_iq4_nl(u8x64 codes) {
  static const unsigned char values[16] = CI_IQ4_NL_VALUES;
  __m512i table = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)values));
  return (u8x64)_mm512_shuffle_epi8(table, (__m512i)codes);
}
/// Rounds to nearest even; beyond 65504 becomes infinite.
CI_INLINE u16x16 ci_to_f16(f32x16 v) {
  return (u16x16)_mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT);
}
/// Hides a value from the optimiser, so that a measured loop is not folded away.
CI_INLINE u8x64 ci_opaque(u8x64 a) {
  __asm__ volatile("" : "+v"(a));
  return a;
}
