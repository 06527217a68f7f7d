/// Converts between floats and the stored forms of tensors.
///
/// Q8_0, Q4_0, Q4_1, Q5_0 and Q5_1 give the same bytes as ggml's reference (ggml-quants.c,
/// `quantize_row_*_ref`). The other forms are searched for the least squared error. All are
/// deterministic: the same floats give the same bytes on every machine.
package enum Quantizer {
  /// The forms that can be written and read.
  package static let supported: [TensorType] = [
    .f32, .f16, .bf16, .q8_0, .q4_0, .q4_1, .q5_0, .q5_1, .q2_K, .q3_K, .q4_K, .q5_K, .q6_K,
    .iq4_nl,
  ]

  /// The bytes of `values` in the form of `type`.
  ///
  /// - Throws: when the count is not whole blocks, a number is not finite or a scale does not fit
  ///   float16 (quantised forms), or the form is not one of `supported`.
  package static func quantize(_ values: [Float], to type: TensorType) throws(GGUFError) -> [UInt8]
  {
    var bytes = [UInt8](repeating: 0, count: try byteCount(values.count, type))
    let failure = values.withUnsafeBufferPointer { values in
      bytes.withUnsafeMutableBytes { bytes -> GGUFError? in
        do throws(GGUFError) {
          try quantize(values, to: type, into: bytes)
          return nil
        } catch {
          return error
        }
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Writes `values` in the form of `type` over `bytes`, which has exactly their size.
  package static func quantize(
    _ values: UnsafeBufferPointer<Float>, to type: TensorType,
    into bytes: UnsafeMutableRawBufferPointer
  ) throws(GGUFError) {
    let size = try byteCount(values.count, type)
    precondition(bytes.count == size, "quantised rows need a buffer of their size")
    guard size > 0, let x = values.baseAddress, let base = bytes.baseAddress else { return }
    if type.blockLength > 1 { try checkFinite(values, type) }
    let output = MutableBlockBytes(base: base)
    switch type {
    case .f32:
      for (index, value) in values.enumerated() { output.store(value.bitPattern, 4 * index) }
    case .f16: for (index, value) in values.enumerated() { output.store(Float16(value), 2 * index) }
    case .bf16:
      for (index, value) in values.enumerated() { output.store(bfloat16(value), 2 * index) }
    case .q8_0: encode(Q8_0(), x, values.count, type, base)
    case .q4_0: encode(Q4_0(), x, values.count, type, base)
    case .q4_1: encode(Q4_1(), x, values.count, type, base)
    case .q5_0: encode(Q5_0(), x, values.count, type, base)
    case .q5_1: encode(Q5_1(), x, values.count, type, base)
    case .q2_K: encode(Q2_K(), x, values.count, type, base)
    case .q3_K: encode(Q3_K(), x, values.count, type, base)
    case .q4_K: encode(Q4_K(), x, values.count, type, base)
    case .q5_K: encode(Q5_K(), x, values.count, type, base)
    case .q6_K: encode(Q6_K(), x, values.count, type, base)
    case .iq4_nl: encode(IQ4_NL(), x, values.count, type, base)
    default: throw unsupported(type)
    }
    try checkScales(UnsafeRawBufferPointer(bytes), type)
  }

  /// The first `count` numbers stored in `bytes`, exactly as ggml's `to_float` reads them.
  package static func dequantize(
    _ bytes: UnsafeRawBufferPointer, type: TensorType, count: Int
  ) throws(GGUFError) -> [Float] {
    var failure: GGUFError?
    let values =
      try checkedCount(count, type, bytes) == 0
      ? []
      : [Float](
        unsafeUninitializedCapacity: count
      ) { buffer, initialised in
        do throws(GGUFError) {
          try dequantize(
            bytes, type: type, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
          initialised = count
        } catch {
          failure = error
        }
      }
    if let failure { throw failure }
    return values
  }

  package static func dequantize(
    _ bytes: [UInt8], type: TensorType, count: Int
  ) throws(GGUFError) -> [Float] {
    let storage = ByteStorage(copying: bytes)
    defer { withExtendedLifetime(storage) {} }
    return try dequantize(storage.bytes, type: type, count: count)
  }

  /// Reads as many numbers as `values` holds, which must be whole blocks.
  package static func dequantize(
    _ bytes: UnsafeRawBufferPointer, type: TensorType,
    into values: UnsafeMutableBufferPointer<Float>
  ) throws(GGUFError) {
    guard try checkedCount(values.count, type, bytes) > 0, let base = bytes.baseAddress,
      let y = values.baseAddress
    else { return }
    let input = BlockBytes(base: base)
    switch type {
    case .f32:
      for index in values.indices {
        y[index] = Float(bitPattern: input.integer(4 * index, UInt32.self))
      }
    case .f16: for index in values.indices { y[index] = input.half(2 * index) }
    case .bf16:
      for index in values.indices {
        y[index] = Float(bitPattern: UInt32(input.integer(2 * index, UInt16.self)) << 16)
      }
    case .q8_0: decode(Q8_0.self, base, values.count, type, y)
    case .q4_0: decode(Q4_0.self, base, values.count, type, y)
    case .q4_1: decode(Q4_1.self, base, values.count, type, y)
    case .q5_0: decode(Q5_0.self, base, values.count, type, y)
    case .q5_1: decode(Q5_1.self, base, values.count, type, y)
    case .q2_K: decode(Q2_K.self, base, values.count, type, y)
    case .q3_K: decode(Q3_K.self, base, values.count, type, y)
    case .q4_K: decode(Q4_K.self, base, values.count, type, y)
    case .q5_K: decode(Q5_K.self, base, values.count, type, y)
    case .q6_K: decode(Q6_K.self, base, values.count, type, y)
    case .iq4_nl: decode(IQ4_NL.self, base, values.count, type, y)
    default: throw unsupported(type)
    }
  }

  /// Rounds to nearest, ties to even; a NaN stays one and becomes quiet.
  static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16) | 64 }
    return UInt16(truncatingIfNeeded: (bits + 0x7fff + (bits >> 16 & 1)) >> 16)
  }
}

// MARK: - Blocks

extension Quantizer {
  private static func encode<C: BlockCodec>(
    _ codec: C, _ x: UnsafePointer<Float>, _ count: Int, _ type: TensorType,
    _ output: UnsafeMutableRawPointer
  ) {
    var codec = codec
    for block in 0..<(count / type.blockLength) {
      codec.encode(
        x + block * type.blockLength, to: MutableBlockBytes(base: output + block * type.blockBytes))
    }
  }

  private static func decode<C: BlockCodec>(
    _: C.Type, _ input: UnsafeRawPointer, _ count: Int, _ type: TensorType,
    _ y: UnsafeMutablePointer<Float>
  ) {
    for block in 0..<(count / type.blockLength) {
      C.decode(BlockBytes(base: input + block * type.blockBytes), to: y + block * type.blockLength)
    }
  }
}

// MARK: - Checks

extension Quantizer {
  private static func byteCount(_ count: Int, _ type: TensorType) throws(GGUFError) -> Int {
    guard count % type.blockLength == 0 else {
      throw GGUFError(
        file: "quantize", field: type.name, found: "\(count) values",
        expected: "a multiple of \(type.blockLength)")
    }
    return count / type.blockLength * type.blockBytes
  }

  private static func checkedCount(
    _ count: Int, _ type: TensorType, _ bytes: UnsafeRawBufferPointer
  ) throws(GGUFError) -> Int {
    let size = try byteCount(count, type)
    guard count >= 0, size <= bytes.count else {
      throw GGUFError(
        file: "dequantize", field: type.name, found: "\(bytes.count) bytes",
        expected: "\(size) bytes for \(count) values")
    }
    return count
  }

  /// Refuses numbers that are not finite, or that a form without scales would make infinite.
  static func checkRepresentable(
    _ values: UnsafeBufferPointer<Float>, as type: TensorType
  ) throws(GGUFError) {
    try checkFinite(values, type)
    let limit: Float =
      switch type {
      case .f16: 65_520
      case .bf16: Float(bitPattern: 0x7F7F_8000)
      default: .infinity
      }
    if let value = values.first(where: { abs($0) >= limit }) {
      throw GGUFError(
        file: "quantize", field: type.name, found: "\(value)",
        expected: "a magnitude that \(type.name) can hold")
    }
  }

  private static func checkFinite(
    _ values: UnsafeBufferPointer<Float>, _ type: TensorType
  ) throws(GGUFError) {
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw GGUFError(
        file: "quantize", field: "\(type.name) value \(index)", found: "\(values[index])",
        expected: "a finite number")
    }
  }

  /// Refuses blocks whose float16 scale or minimum overflowed: they would be read as infinite.
  private static func checkScales(
    _ bytes: UnsafeRawBufferPointer, _ type: TensorType
  ) throws(GGUFError) {
    let offsets = type.halfOffsets
    guard !offsets.isEmpty else { return }
    for start in stride(from: 0, to: bytes.count, by: type.blockBytes) {
      for offset in offsets {
        let bits = UInt16(
          littleEndian: bytes.loadUnaligned(fromByteOffset: start + offset, as: UInt16.self))
        guard bits & 0x7C00 == 0x7C00 else { continue }
        throw GGUFError(
          file: "quantize",
          field: "\(type.name) value \(start / type.blockBytes * type.blockLength)",
          found: "numbers so large that their scale does not fit float16",
          expected: "scales up to 65504")
      }
    }
  }

  private static func unsupported(_ type: TensorType) -> GGUFError {
    GGUFError(
      file: "quantize", field: "type", found: type.name,
      expected: supported.map(\.name).joined(separator: ", "))
  }
}

extension TensorType {
  /// Where a block of ggml's reference types keeps float16 numbers that may overflow.
  fileprivate var halfOffsets: [Int] {
    switch self {
    case .q8_0, .q4_0, .q5_0: [0]
    case .q4_1, .q5_1: [0, 2]
    default: []
    }
  }
}
