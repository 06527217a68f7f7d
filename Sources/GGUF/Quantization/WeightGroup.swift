/// 16 or 32 weights that share one scale, or their levels as whole numbers.
///
/// The search for scales uses only operations that give the same bits on every machine: no fused
/// multiply-add, sums in one fixed order, rounding by adding a constant. Each type implements all
/// of them for itself: through a generic `SIMD` they would run lane by lane.
protocol WeightGroup {
  static var count: Int { get }
  static var zero: Self { get }

  init(loading pointer: UnsafePointer<Float>)

  var total: Float { get }
  var smallest: Float { get }
  var largest: Float { get }

  func dot(_ other: Self) -> Float

  /// The whole numbers nearest to `(x + offset) · factor`, ties to even, from `low` to `high`.
  func levels(plus offset: Float, times factor: Float, from low: Float, to high: Float) -> Self

  /// The sum of squared differences from `levels · scale − offset`.
  func squaredError(_ levels: Self, times scale: Float, minus offset: Float) -> Float
}

typealias Sixteen = SIMD16<Float>

struct ThirtyTwo {
  var low: Sixteen
  var high: Sixteen
}

extension Sixteen: WeightGroup {
  static var count: Int { 16 }

  @inline(__always) init(loading pointer: UnsafePointer<Float>) {
    self = UnsafeRawPointer(pointer).loadUnaligned(as: Self.self)
  }

  @inline(__always) var total: Float {
    let eight = lowHalf + highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
  }

  @inline(__always) var smallest: Float {
    let eight = lowHalf.replacing(with: highHalf, where: highHalf .< lowHalf)
    let four = eight.lowHalf.replacing(
      with: eight.highHalf, where: eight.highHalf .< eight.lowHalf)
    return Swift.min(Swift.min(four.x, four.y), Swift.min(four.z, four.w))
  }

  @inline(__always) var largest: Float { -(-self).smallest }

  @inline(__always) func dot(_ other: Self) -> Float { (self * other).total }

  @inline(__always) func levels(
    plus offset: Float, times factor: Float, from low: Float, to high: Float
  ) -> Self {
    let scaled = (self + Self(repeating: offset)) * Self(repeating: factor)
    let lowest = Self(repeating: low)
    let highest = Self(repeating: high)
    let raised = scaled.replacing(with: lowest, where: scaled .< lowest)
    let kept = raised.replacing(with: highest, where: raised .> highest)
    // Beyond 1.5 · 2^23 floats are whole, so the addition rounds.
    let magic = Self(repeating: 12_582_912)
    return (kept + magic) - magic
  }

  @inline(__always) func squaredDifferences(
    _ levels: Self, times scale: Float, minus offset: Float
  ) -> Self {
    let value = levels * Self(repeating: scale) - Self(repeating: offset)
    let difference = self - value
    return difference * difference
  }

  @inline(__always) func squaredError(
    _ levels: Self, times scale: Float, minus offset: Float
  ) -> Float {
    squaredDifferences(levels, times: scale, minus: offset).total
  }
}

extension ThirtyTwo: WeightGroup {
  static var count: Int { 32 }
  static var zero: Self { ThirtyTwo(low: .zero, high: .zero) }

  @inline(__always) init(loading pointer: UnsafePointer<Float>) {
    self.init(low: Sixteen(loading: pointer), high: Sixteen(loading: pointer + 16))
  }

  @inline(__always) var total: Float { (low + high).total }
  @inline(__always) var smallest: Float { min(low.smallest, high.smallest) }
  @inline(__always) var largest: Float { max(low.largest, high.largest) }

  @inline(__always) func dot(_ other: Self) -> Float {
    (low * other.low + high * other.high).total
  }

  @inline(__always) func levels(
    plus offset: Float, times factor: Float, from lowest: Float, to highest: Float
  ) -> Self {
    ThirtyTwo(
      low: low.levels(plus: offset, times: factor, from: lowest, to: highest),
      high: high.levels(plus: offset, times: factor, from: lowest, to: highest))
  }

  @inline(__always) func squaredError(
    _ levels: Self, times scale: Float, minus offset: Float
  ) -> Float {
    let first = low.squaredDifferences(levels.low, times: scale, minus: offset)
    let second = high.squaredDifferences(levels.high, times: scale, minus: offset)
    return (first + second).total
  }

  /// Whole numbers from 0 to 255 as bytes.
  var bytes: SIMD32<UInt8> { SIMD32(lowHalf: low.bytes, highHalf: high.bytes) }
}

extension Sixteen {
  /// Whole numbers from 0 to 255 as bytes.
  var bytes: SIMD16<UInt8> {
    SIMD16<UInt8>(truncatingIfNeeded: SIMD16<Int32>(self))
  }
}

extension Float16 {
  /// Rounds to the nearest float16; a number beyond the range becomes the largest one.
  init(saturating value: Float) {
    let limit = Float(Float16.greatestFiniteMagnitude)
    self.init(Swift.max(-limit, Swift.min(limit, value)))
  }
}
