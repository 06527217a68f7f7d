// AVX2: bytes are multiplied in pairs into 16 bits, and pairs of those into 32 bits.
#pragma once

/// What `ci_dot8` leaves in the sum for each unit of x: the offset of weights stored as bytes, or nothing.
CI_INLINE int ci_byte_offset(void) { return 0; }

typedef short i16x32 __attribute__((vector_size(64), aligned(64)));

union ci_halves {
  f32x16 f;
  i16x32 s;
  i32x16 i;
  u8x64 u;
  __m256i y[2];
  __m256 z[2];
};

/// Weights at most 127: the 16-bit pair sums, at most 2 * 127 * 127, cannot saturate.
CI_INLINE i32x16 ci_dot4(i32x16 sum, u8x64 weights, i32x16 x) {
  union ci_halves s = {.i = sum}, w = {.u = weights}, b = {.i = x};
  for (int h = 0; h < 2; h++) {
    __m256i pairs = _mm256_maddubs_epi16(w.y[h], b.y[h]);
    s.y[h] = _mm256_add_epi32(s.y[h], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  return s.i;
}
/// `sum + dot(weights - 128, x)`: the magnitude of the weight times x with the weight's sign. A pair sum
/// is at most 2 * 128 * 127 = 32512, so it cannot saturate either; x never holds -128.
CI_INLINE i32x16 ci_dot8(i32x16 sum, u8x64 weights, i32x16 x) {
  union ci_halves s = {.i = sum}, w = {.u = weights}, b = {.i = x};
  for (int h = 0; h < 2; h++) {
    __m256i value = _mm256_xor_si256(w.y[h], _mm256_set1_epi8((char)128));
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(value), _mm256_sign_epi8(b.y[h], value));
    s.y[h] = _mm256_add_epi32(s.y[h], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  return s.i;
}
/// Finishes `a` before what follows, see `ci_dot_pairs`.
CI_INLINE i32x16 ci_sum_in_order(i32x16 a) {
  union ci_halves x = {.i = a};
  __asm__ volatile("" : "+x"(x.y[0]), "+x"(x.y[1]));
  return x.i;
}
/// `sum + dot(weights, x)` of pairs of columns, in 16 bits: the caller sees to it that the sum fits.
///
/// The empty statement keeps sums in registers and products in the order they are written in: left alone,
/// the compiler finishes one token of a tile after the other, and spills what they share.
CI_INLINE i16x32 ci_dot_pairs(i16x32 sum, u8x64 weights, i32x16 x) {
  union ci_halves s = {.s = sum}, w = {.u = weights}, b = {.i = x};
  for (int h = 0; h < 2; h++)
    s.y[h] = _mm256_add_epi16(s.y[h], _mm256_maddubs_epi16(w.y[h], b.y[h]));
  __asm__ volatile("" : "+x"(s.y[0]), "+x"(s.y[1]));
  return s.s;
}
/// `sum` and both pairs of each lane.
CI_INLINE i32x16 ci_add_pairs(i32x16 sum, i16x32 pairs) {
  union ci_halves s = {.i = sum}, p = {.s = pairs};
  for (int h = 0; h < 2; h++)
    s.y[h] = _mm256_add_epi32(s.y[h], _mm256_madd_epi16(p.y[h], _mm256_set1_epi16(1)));
  return s.i;
}
CI_INLINE f32x16 ci_f16(const void *p) {
  union ci_halves r;
  for (int h = 0; h < 2; h++) r.z[h] = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p + h));
  return r.f;
}
/// The values of IQ4_NL, plus 128, for codes 0...15.
CI_INLINE u8x64 ci_iq4_nl(u8x64 codes) {
  static const unsigned char values[16] = CI_IQ4_NL_VALUES;
  __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)values));
  union ci_halves x = {.u = codes};
  for (int h = 0; h < 2; h++) x.y[h] = _mm256_shuffle_epi8(table, x.y[h]);
  return x.u;
}
/// Rounds to nearest even; beyond 65504 becomes infinite.
CI_INLINE u16x16 ci_to_f16(f32x16 v) {
  union ci_halves x = {.f = v};
  union {
    u16x16 h;
    __m128i y[2];
  } r;
  for (int h = 0; h < 2; h++) r.y[h] = _mm256_cvtps_ph(x.z[h], _MM_FROUND_TO_NEAREST_INT);
  return r.h;
}
/// Hides a value from the optimiser, so that a measured loop is not folded away.
CI_INLINE u8x64 ci_opaque(u8x64 a) {
  union ci_halves x = {.u = a};
  __asm__ volatile("" : "+x"(x.y[0]), "+x"(x.y[1]));
  return x.u;
}
