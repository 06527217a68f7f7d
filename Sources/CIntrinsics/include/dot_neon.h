// aarch64 with the dot-product extension: signed bytes by signed bytes, four at a time.
#pragma once

/// What `ci_dot8` leaves in the sum for each unit of x: the offset of weights stored as bytes, or nothing.
CI_INLINE int ci_byte_offset(void) { return 0; }

union ci_quarters {
  f32x16 f;
  i32x16 i;
  u8x64 u;
  int8x16_t b[4];
  uint8x16_t ub[4];
  int32x4_t w[4];
  float32x4_t z[4];
};

CI_INLINE i32x16 ci_dot4(i32x16 sum, u8x64 weights, i32x16 x) {
  union ci_quarters s = {.i = sum}, w = {.u = weights}, b = {.i = x};
  for (int q = 0; q < 4; q++) s.w[q] = vdotq_s32(s.w[q], w.b[q], b.b[q]);
  return s.i;
}
/// `sum + dot(weights - 128, x)`.
CI_INLINE i32x16 ci_dot8(i32x16 sum, u8x64 weights, i32x16 x) {
  union ci_quarters s = {.i = sum}, w = {.u = weights}, b = {.i = x};
  for (int q = 0; q < 4; q++) {
    int8x16_t value = vreinterpretq_s8_u8(veorq_u8(w.ub[q], vdupq_n_u8(128)));
    s.w[q] = vdotq_s32(s.w[q], value, b.b[q]);
  }
  return s.i;
}
CI_INLINE f32x16 ci_f16(const void *p) {
  union ci_quarters r;
  const unsigned short *h = p;
  for (int q = 0; q < 4; q++) r.z[q] = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(h + 4 * q)));
  return r.f;
}
/// The values of IQ4_NL, plus 128, for codes 0...15.
CI_INLINE u8x64 ci_iq4_nl(u8x64 codes) {
  static const unsigned char values[16] = CI_IQ4_NL_VALUES;
  uint8x16_t table = vld1q_u8(values);
  union ci_quarters x = {.u = codes};
  for (int q = 0; q < 4; q++) x.ub[q] = vqtbl1q_u8(table, x.ub[q]);
  return x.u;
}
/// Rounds to nearest even; beyond 65504 becomes infinite.
CI_INLINE u16x16 ci_to_f16(f32x16 v) {
  union ci_quarters x = {.f = v};
  union {
    u16x16 h;
    float16x4_t z[4];
  } r;
  for (int q = 0; q < 4; q++) r.z[q] = vcvt_f16_f32(x.z[q]);
  return r.h;
}
/// Hides a value from the optimiser, so that a measured loop is not folded away.
CI_INLINE u8x64 ci_opaque(u8x64 a) {
  union ci_quarters x = {.u = a};
  __asm__ volatile("" : "+w"(x.ub[0]), "+w"(x.ub[1]), "+w"(x.ub[2]), "+w"(x.ub[3]));
  return x.u;
}
