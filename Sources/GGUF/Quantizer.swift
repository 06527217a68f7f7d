/// Converts between floats and the stored forms of tensors.
///
/// `Q8_0` and `Q4_0` give the same bytes as llama.cpp's `quantize_row_q8_0_ref` and
/// `quantize_row_q4_0_ref` (ggml-quants.c).
package enum Quantizer {
  /// The bytes of `values` in the form of `type`: F32, F16, BF16, Q8_0 or Q4_0.
  ///
  /// - Throws: when the count is not whole blocks, a number is not finite (quantised forms), or the
  ///   form is not one of these.
  package static func quantize(_ values: [Float], to type: TensorType) throws(GGUFError) -> [UInt8]
  {
    try check(values.count, of: type, "\(values.count) values")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count / type.blockLength * type.blockBytes)
    switch type {
    case .f32: for value in values { bytes.appendInteger(value.bitPattern) }
    case .f16: for value in values { bytes.appendInteger(Float16(value).bitPattern) }
    case .bf16: for value in values { bytes.appendInteger(bfloat16(value)) }
    case .q8_0, .q4_0:
      try checkFinite(values, type)
      for start in stride(from: 0, to: values.count, by: 32) {
        let block = values[start..<(start + 32)]
        type == .q8_0 ? appendEightBit(block, to: &bytes) : appendFourBit(block, to: &bytes)
      }
    default: throw unsupported(type)
    }
    return bytes
  }

  /// The first `count` numbers stored in `bytes`, exactly as the form defines them.
  package static func dequantize(
    _ bytes: UnsafeRawBufferPointer, type: TensorType, count: Int
  ) throws(GGUFError) -> [Float] {
    try check(count, of: type, "\(count) values")
    guard count / type.blockLength * type.blockBytes <= bytes.count else {
      throw GGUFError(
        file: "dequantize", field: type.name, found: "\(bytes.count) bytes",
        expected: "\(count / type.blockLength * type.blockBytes) bytes for \(count) values")
    }
    func bits<T: FixedWidthInteger>(_ offset: Int, _: T.Type) -> T {
      T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }
    switch type {
    case .f32: return (0..<count).map { Float(bitPattern: bits($0 * 4, UInt32.self)) }
    case .f16: return (0..<count).map { Float(Float16(bitPattern: bits($0 * 2, UInt16.self))) }
    case .bf16:
      return (0..<count).map { Float(bitPattern: UInt32(bits($0 * 2, UInt16.self)) << 16) }
    case .q8_0:
      return (0..<count).map {
        let block = $0 / 32 * 34
        let scale = Float(Float16(bitPattern: bits(block, UInt16.self)))
        return Float(bits(block + 2 + $0 % 32, Int8.self)) * scale
      }
    case .q4_0:
      return (0..<count).map {
        let block = $0 / 32 * 18
        let scale = Float(Float16(bitPattern: bits(block, UInt16.self)))
        let pair = bits(block + 2 + $0 % 16, UInt8.self)
        return Float(Int($0 % 32 < 16 ? pair & 15 : pair >> 4) - 8) * scale
      }
    default: throw unsupported(type)
    }
  }

  package static func dequantize(
    _ bytes: [UInt8], type: TensorType, count: Int
  ) throws(GGUFError) -> [Float] {
    let storage = ByteStorage(copying: bytes)
    defer { withExtendedLifetime(storage) {} }
    return try dequantize(storage.bytes, type: type, count: count)
  }

  /// Rounds to nearest, ties to even; a NaN stays one and becomes quiet.
  static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16) | 64 }
    return UInt16(truncatingIfNeeded: (bits + 0x7fff + (bits >> 16 & 1)) >> 16)
  }

  private static func check(
    _ count: Int, of type: TensorType, _ found: String
  ) throws(GGUFError) {
    guard count >= 0, count % type.blockLength == 0 else {
      throw GGUFError(
        file: "quantize", field: type.name, found: found,
        expected: "a multiple of \(type.blockLength)")
    }
  }

  private static func checkFinite(_ values: [Float], _ type: TensorType) throws(GGUFError) {
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw GGUFError(
        file: "quantize", field: "\(type.name) value \(index)", found: "\(values[index])",
        expected: "a finite number")
    }
  }

  private static func unsupported(_ type: TensorType) -> GGUFError {
    GGUFError(
      file: "quantize", field: "type", found: type.name,
      expected: "F32, F16, BF16, Q8_0 or Q4_0")
  }
}

// MARK: - Blocks of 32

extension Quantizer {
  /// A scale `max|x| / 127` as float16, then 32 signed bytes, rounded half away from zero.
  private static func appendEightBit(_ block: ArraySlice<Float>, to bytes: inout [UInt8]) {
    let largest = block.reduce(0) { max($0, abs($1)) }
    let scale = largest / 127
    let inverse = inverse(of: scale)
    bytes.appendInteger(Float16(scale).bitPattern)
    for value in block {
      let quantised = (value * inverse).rounded(.toNearestOrAwayFromZero)
      bytes.append(UInt8(bitPattern: Int8(max(-128, min(127, quantised)))))
    }
  }

  /// A scale `x / -8` from the value of largest magnitude, then 16 bytes; byte j holds the values
  /// j (low half) and j + 16 (high half), each plus 8.
  private static func appendFourBit(_ block: ArraySlice<Float>, to bytes: inout [UInt8]) {
    var largest: Float = 0
    for value in block where abs(value) > abs(largest) { largest = value }
    let scale = largest / -8
    let inverse = inverse(of: scale)
    bytes.appendInteger(Float16(scale).bitPattern)
    let quantised = block.map { UInt8(max(0, min(15, $0 * inverse + 8.5))) }
    for index in 0..<16 {
      bytes.append(quantised[index] | quantised[index + 16] << 4)
    }
  }

  /// Zero also where the scale is so small that its inverse overflows: stored, it is zero anyway.
  private static func inverse(of scale: Float) -> Float {
    let inverse = 1 / scale
    return inverse.isFinite ? inverse : 0
  }
}
