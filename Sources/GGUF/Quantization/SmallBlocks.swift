// Blocks of 32 weights. Each encoder writes the bytes that ggml's reference for that type writes
// (ggml-quants.c: quantize_row_*_ref); layouts are those of ggml-common.h.

/// A scale `max|x| / 127` as float16, then 32 signed bytes, rounded half away from zero.
struct Q8_0: BlockCodec {
  func encode(_ x: UnsafePointer<Float>, to block: MutableBlockBytes) {
    var largest: Float = 0
    for index in 0..<32 { largest = max(largest, abs(x[index])) }
    let scale = largest / 127
    let inverse = inverse(of: scale)
    block.store(Float16(scale), 0)
    for index in 0..<32 {
      block.store(Int8(max(-128, min(127, nearest(x[index] * inverse)))), 2 + index)
    }
  }

  static func decode(_ block: BlockBytes, to y: UnsafeMutablePointer<Float>) {
    let scale = block.half(0)
    for index in 0..<32 { y[index] = Float(Int8(bitPattern: block.byte(2 + index))) * scale }
  }

  /// The nearest whole number, halves away from zero; exact for magnitudes below 2^31.
  private func nearest(_ value: Float) -> Int32 {
    let whole = Int32(value)
    let rest = value - Float(whole)
    return rest >= 0.5 ? whole + 1 : rest <= -0.5 ? whole - 1 : whole
  }
}

/// A float16 scale, then 16 bytes of levels 0 to 15; `x = (q − 8)·d`.
struct Q4_0: BlockCodec {
  func encode(_ x: UnsafePointer<Float>, to block: MutableBlockBytes) {
    let (scale, levels) = signedLevels(x, half: 8)
    block.store(Float16(scale), 0)
    block.store(nibbles(levels), 2)
  }

  static func decode(_ block: BlockBytes, to y: UnsafeMutablePointer<Float>) {
    let scale = block.half(0)
    let levels = levels(block.sixteen(2))
    for index in 0..<32 { y[index] = Float(Int32(levels[index]) - 8) * scale }
  }
}

/// A float16 scale, 32 fifth bits, then 16 bytes; levels 0 to 31, `x = (q − 16)·d`.
struct Q5_0: BlockCodec {
  func encode(_ x: UnsafePointer<Float>, to block: MutableBlockBytes) {
    let (scale, levels) = signedLevels(x, half: 16)
    block.store(Float16(scale), 0)
    block.store(fifthBits(levels), 2)
    block.store(nibbles(levels), 6)
  }

  static func decode(_ block: BlockBytes, to y: UnsafeMutablePointer<Float>) {
    let scale = block.half(0)
    let levels = levels(block.sixteen(6), fifthBits: block.integer(2, UInt32.self))
    for index in 0..<32 { y[index] = Float(Int32(levels[index]) - 16) * scale }
  }
}

/// A float16 scale and minimum, then 16 bytes of levels 0 to 15; `x = q·d + m`.
struct Q4_1: BlockCodec {
  func encode(_ x: UnsafePointer<Float>, to block: MutableBlockBytes) {
    let (scale, minimum, levels) = levelsAboveMinimum(x, highest: 15)
    block.store(Float16(scale), 0)
    block.store(Float16(minimum), 2)
    block.store(nibbles(levels), 4)
  }

  static func decode(_ block: BlockBytes, to y: UnsafeMutablePointer<Float>) {
    let (scale, minimum) = (block.half(0), block.half(2))
    let levels = levels(block.sixteen(4))
    for index in 0..<32 { y[index] = Float(levels[index]) * scale + minimum }
  }
}

/// A float16 scale and minimum, 32 fifth bits, then 16 bytes; levels 0 to 31, `x = q·d + m`.
struct Q5_1: BlockCodec {
  func encode(_ x: UnsafePointer<Float>, to block: MutableBlockBytes) {
    let (scale, minimum, levels) = levelsAboveMinimum(x, highest: 31)
    block.store(Float16(scale), 0)
    block.store(Float16(minimum), 2)
    block.store(fifthBits(levels), 4)
    block.store(nibbles(levels), 8)
  }

  static func decode(_ block: BlockBytes, to y: UnsafeMutablePointer<Float>) {
    let (scale, minimum) = (block.half(0), block.half(2))
    let levels = levels(block.sixteen(8), fifthBits: block.integer(4, UInt32.self))
    for index in 0..<32 { y[index] = Float(levels[index]) * scale + minimum }
  }
}

// MARK: - Levels

/// Zero also where the scale is so small that its inverse overflows: stored, it is zero anyway.
private func inverse(of scale: Float) -> Float {
  let inverse = 1 / scale
  return inverse.isFinite ? inverse : 0
}

/// A scale `x / −half` from the value of largest magnitude, and levels from 0 to `2·half − 1`.
private func signedLevels(
  _ x: UnsafePointer<Float>, half: Float
) -> (scale: Float, levels: SIMD32<UInt8>) {
  var largest: Float = 0
  for index in 0..<32 where abs(x[index]) > abs(largest) { largest = x[index] }
  let scale = largest / -half
  let inverse = inverse(of: scale)
  var levels = SIMD32<UInt8>()
  for index in 0..<32 {
    levels[index] = UInt8(max(0, min(2 * half - 1, x[index] * inverse + (half + 0.5))))
  }
  return (scale, levels)
}

private func levelsAboveMinimum(
  _ x: UnsafePointer<Float>, highest: Float
) -> (scale: Float, minimum: Float, levels: SIMD32<UInt8>) {
  var (smallest, largest) = (x[0], x[0])
  for index in 1..<32 {
    smallest = min(smallest, x[index])
    largest = max(largest, x[index])
  }
  let scale = (largest - smallest) / highest
  let inverse = inverse(of: scale)
  var levels = SIMD32<UInt8>()
  for index in 0..<32 {
    levels[index] = UInt8(max(0, min(highest, (x[index] - smallest) * inverse + 0.5)))
  }
  return (scale, smallest, levels)
}

/// Byte j holds the low four bits of levels j (low half) and j + 16 (high half).
func nibbles(_ levels: SIMD32<UInt8>) -> SIMD16<UInt8> {
  levels.lowHalf & 15 | (levels.highHalf & 15) &<< 4
}

private func fifthBits(_ levels: SIMD32<UInt8>) -> UInt32 {
  var bits: UInt32 = 0
  for index in 0..<32 { bits |= UInt32(levels[index] >> 4 & 1) << UInt32(index) }
  return bits
}

/// The 32 levels of 16 bytes, in order.
func levels(_ nibbles: SIMD16<UInt8>, fifthBits: UInt32 = 0) -> SIMD32<UInt8> {
  var levels = SIMD32(lowHalf: nibbles & 15, highHalf: nibbles &>> 4)
  if fifthBits != 0 {
    for index in 0..<32 { levels[index] |= UInt8(fifthBits >> UInt32(index) & 1) << 4 }
  }
  return levels
}
