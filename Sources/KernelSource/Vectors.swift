import CIntrinsics

@inline(__always)
func load(_ p: UnsafePointer<Float>, _ i: Int) -> f32x16 {
  UnsafeRawPointer(p + i).loadUnaligned(as: f32x16.self)
}

/// Neighbouring vectors from `i` on.
@inline(__always)
func loads<let N: Int>(_ p: UnsafePointer<Float>, _ i: Int) -> InlineArray<N, f32x16> {
  InlineArray<N, f32x16> { load(p, i &+ 16 &* $0) }
}

@inline(__always)
func store(_ v: f32x16, _ p: UnsafeMutablePointer<Float>, _ i: Int) {
  UnsafeMutableRawPointer(p + i).storeBytes(of: v, as: f32x16.self)
}

@inline(__always)
func splatInt32(_ p: UnsafeRawPointer, _ offset: Int) -> i32x16 {
  ci_splat_int(p.loadUnaligned(fromByteOffset: offset, as: Int32.self))
}

@inline(__always)
func splatFloat(_ p: UnsafeRawPointer, _ offset: Int) -> f32x16 {
  ci_splat(p.loadUnaligned(fromByteOffset: offset, as: Float.self))
}

@inline(__always)
func bytes(_ p: UnsafeRawPointer, _ offset: Int) -> u8x64 {
  p.loadUnaligned(fromByteOffset: offset, as: u8x64.self)
}

@inline(__always)
func padded(_ n: Int) -> Int { (n &+ 15) & ~15 }

/// Adds the sixteen lanes in one fixed order: halves onto halves.
@inline(__always)
func laneSum(_ v: f32x16) -> Float {
  let eight = v.lowHalf + v.highHalf
  let four = eight.lowHalf + eight.highHalf
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}

@inline(__always)
func laneMaximum(_ v: f32x16) -> Float {
  var m = v[0]
  for lane in 1..<16 where v[lane] > m { m = v[lane] }
  return m
}

/// e to the power of x, within 1.5 ulp for -87 <= x <= 88; beyond that range it is clamped.
///
/// Splits x = n ln 2 + r with |r| <= 0.35 and evaluates a degree-7 polynomial (the classic Cephes
/// coefficients). Only fused multiply-adds and integer operations, so the bits are everywhere the same.
@inline(__always)
func exponential(_ x: f32x16) -> f32x16 { exponentials([x])[0] }

/// The same of N vectors, step by step: one vector's chain of fifteen operations that wait for each other is
/// longer than what a core looks ahead.
@inline(__always)
func exponentials<let N: Int>(_ x: InlineArray<N, f32x16>) -> InlineArray<N, f32x16> {
  boundedExponentials(mapped(x) { ci_min(ci_max($0, ci_splat(-87)), ci_splat(88)) })
}

/// The same for x <= 88, where the upper bound need not be looked at.
@inline(__always)
func exponentialsUpTo88<let N: Int>(_ x: InlineArray<N, f32x16>) -> InlineArray<N, f32x16> {
  boundedExponentials(mapped(x) { ci_max($0, ci_splat(-87)) })
}

@inline(__always)
private func boundedExponentials<let N: Int>(
  _ bounded: InlineArray<N, f32x16>
) -> InlineArray<N, f32x16> {
  let shifted = mapped(bounded) { ci_fma($0, ci_splat(1.442_695_04), ci_splat(magic)) }
  let n = mapped(shifted) { $0 - ci_splat(magic) }
  let high = mapped(n, bounded) { ci_fma($0, ci_splat(-0.693_147_182_464_599_609_375), $1) }
  let r = mapped(n, high) { ci_fma($0, ci_splat(1.904_654_3e-9), $1) }
  var p = mapped(r) { ci_fma($0, ci_splat(1.987_569_15e-4), ci_splat(1.398_199_95e-3)) }
  p = mapped(r, p) { ci_fma($0, $1, ci_splat(8.333_451_9e-3)) }
  p = mapped(r, p) { ci_fma($0, $1, ci_splat(4.166_579_6e-2)) }
  p = mapped(r, p) { ci_fma($0, $1, ci_splat(1.666_666_55e-1)) }
  p = mapped(r, p) { ci_fma($0, $1, ci_splat(0.5)) }
  p = mapped(r, p) { ci_fma($0 * $0, $1, $0) }
  let value = mapped(p) { $0 + ci_splat(1) }
  return mapped(value, shifted) {
    let exponent = unsafeBitCast($1, to: i32x16.self) &- ci_splat_int(magicBits)
    let bits = unsafeBitCast($0, to: i32x16.self) &+ (exponent &<< ci_splat_int(23))
    return unsafeBitCast(bits, to: f32x16.self)
  }
}

@inline(__always)
func mapped<let N: Int>(
  _ x: InlineArray<N, f32x16>, _ body: (f32x16) -> f32x16
) -> InlineArray<N, f32x16> {
  var result = x
  for i in 0..<N { result[i] = ci_in_order(body(x[i])) }
  return result
}

@inline(__always)
func mapped<let N: Int>(
  _ x: InlineArray<N, f32x16>, _ y: InlineArray<N, f32x16>, _ body: (f32x16, f32x16) -> f32x16
) -> InlineArray<N, f32x16> {
  var result = x
  for i in 0..<N { result[i] = ci_in_order(body(x[i], y[i])) }
  return result
}
