/// Unaligned, little-endian access to the bytes of a block that is being read.
struct BlockBytes {
  let base: UnsafeRawPointer

  @inline(__always) func byte(_ offset: Int) -> UInt8 {
    base.load(fromByteOffset: offset, as: UInt8.self)
  }

  @inline(__always) func half(_ offset: Int) -> Float {
    Float(Float16(bitPattern: integer(offset, UInt16.self)))
  }

  @inline(__always) func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _ offset: Int, _: T.Type
  ) -> T {
    T(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  @inline(__always) func sixteen(_ offset: Int) -> SIMD16<UInt8> {
    base.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
  }

  @inline(__always) func thirtyTwo(_ offset: Int) -> SIMD32<UInt8> {
    base.loadUnaligned(fromByteOffset: offset, as: SIMD32<UInt8>.self)
  }
}

/// Unaligned, little-endian access to the bytes of a block that is being written.
struct MutableBlockBytes {
  let base: UnsafeMutableRawPointer

  @inline(__always) func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, _ offset: Int) {
    base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
  }

  @inline(__always) func store(_ value: Float16, _ offset: Int) {
    store(value.bitPattern, offset)
  }

  @inline(__always) func store(_ value: SIMD16<UInt8>, _ offset: Int) {
    base.storeBytes(of: value, toByteOffset: offset, as: SIMD16<UInt8>.self)
  }

  @inline(__always) func store(_ value: SIMD32<UInt8>, _ offset: Int) {
    base.storeBytes(of: value, toByteOffset: offset, as: SIMD32<UInt8>.self)
  }
}

/// A form of storage in blocks: how one block is made of floats, and read.
protocol BlockCodec {
  /// An encoder with its working memory, to be used for many blocks.
  init()
  /// Writes one block of `TensorType.blockLength` finite floats.
  mutating func encode(_ x: UnsafePointer<Float>, to block: MutableBlockBytes)
  /// Reads one block; the values equal those of ggml's `to_float`.
  static func decode(_ block: BlockBytes, to y: UnsafeMutablePointer<Float>)
}
