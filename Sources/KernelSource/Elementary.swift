// Elementary functions of sixteen floats, from fused multiply-adds and integer operations alone: the
// bits are the same on every instruction set.
import CIntrinsics

/// erf within 3 ulp: a polynomial below 0.93, `1 - e^-p(|x|)` above.
@inline(__always)
func errorFunction(_ x: f32x16) -> f32x16 {
  let t = ci_abs(x)
  let s = x * x
  var near = ci_splat(-5.967_617_03e-4)
  near = ci_fma(near, s, ci_splat(4.991_194_23e-3))
  near = ci_fma(near, s, ci_splat(-2.676_813_49e-2))
  near = ci_fma(near, s, ci_splat(1.128_199_25e-1))
  near = ci_fma(near, s, ci_splat(-3.761_253_36e-1))
  near = ci_fma(near, s, ci_splat(1.283_791_66e-1))
  near = ci_fma(near, x, x)
  let slope = ci_fma(ci_splat(-1.728_534_70e-5), t, ci_splat(3.831_971_26e-4))
  var far = ci_fma(slope, s, ci_fma(ci_splat(-3.883_964_38e-3), t, ci_splat(2.425_462_19e-2)))
  far = ci_fma(far, t, ci_splat(-1.067_778_77e-1))
  far = ci_fma(far, t, ci_splat(-6.348_466_87e-1))
  far = ci_fma(far, t, ci_splat(-1.287_175_12e-1))
  far = ci_fma(far, t, -t)
  let rest = ci_splat(1) - exponential(far)
  return ci_select(ci_greater(t, ci_splat(0.927_734_375)), withSign(of: x, rest), near)
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
