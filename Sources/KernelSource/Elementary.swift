// Elementary functions of sixteen floats, from fused multiply-adds and integer operations alone: the
// bits are the same on every instruction set.
import CIntrinsics

/// x / 2 * (1 + erf(x / sqrt 2)), within 6e-7 of |x|, and exactly 0 or x beyond 5.
///
/// `erf(x / sqrt 2) / 2` is x times a polynomial of degree 12 in `u`, which is x^2 scaled to -1...1; a
/// minimax fit that reaches 1/2 at |x| = 5, where the function itself lacks 3e-7 of it.
@inline(__always)
func gaussianErrorUnit(_ x: f32x16) -> f32x16 {
  let u = ci_fma(ci_max(x * -x, ci_splat(-25)), ci_splat(-0.08), ci_splat(-1))
  var p = ci_fma(ci_splat(7.179_583_19e-4), u, ci_splat(-1.655_036_83e-3))
  p = ci_fma(p, u, ci_splat(1.415_299_14e-3))
  p = ci_fma(p, u, ci_splat(-2.580_505_80e-3))
  p = ci_fma(p, u, ci_splat(6.733_472_92e-3))
  p = ci_fma(p, u, ci_splat(-1.125_950_27e-2))
  p = ci_fma(p, u, ci_splat(1.624_679_57e-2))
  p = ci_fma(p, u, ci_splat(-2.323_137_97e-2))
  p = ci_fma(p, u, ci_splat(3.147_574_14e-2))
  p = ci_fma(p, u, ci_splat(-4.044_845_70e-2))
  p = ci_fma(p, u, ci_splat(5.151_790_01e-2))
  p = ci_fma(p, u, ci_splat(-7.029_602_68e-2))
  p = ci_fma(p, u, ci_splat(1.413_638_14e-1))
  let half = ci_splat(0.5)
  let bounded = -ci_max(-ci_max(p * x, -half), -half)
  return ci_fma(x, bounded, x * half)
}

/// tanh within 2 ulp: a polynomial below 0.625, `1 - 2 / (e^2|x| + 1)` above.
///
/// The coefficients are those of the Cephes library's `tanhf`.
@inline(__always)
func hyperbolicTangent(_ x: f32x16) -> f32x16 {
  let t = ci_abs(x)
  let s = x * x
  var near = ci_splat(-5.704_988_73e-3)
  near = ci_fma(near, s, ci_splat(2.063_908_88e-2))
  near = ci_fma(near, s, ci_splat(-5.373_971_56e-2))
  near = ci_fma(near, s, ci_splat(1.333_144_22e-1))
  near = ci_fma(near, s, ci_splat(-3.333_328_19e-1))
  near = ci_fma(near * s, x, x)
  let far = ci_splat(1) - ci_splat(2) / (exponential(t + t) + ci_splat(1))
  return ci_select(ci_greater(t, ci_splat(0.625)), withSign(of: x, far), near)
}

/// A value that is not negative, with the sign of `x`.
@inline(__always)
private func withSign(of x: f32x16, _ value: f32x16) -> f32x16 {
  let sign = unsafeBitCast(x, to: i32x16.self) & ci_splat_int(Int32.min)
  return unsafeBitCast(unsafeBitCast(value, to: i32x16.self) | sign, to: f32x16.self)
}
