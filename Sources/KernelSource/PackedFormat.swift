import CIntrinsics

/// How the integers and scales of a weight format are read out of packed records.
///
/// Formats are types and not values, so that every kernel is specialised for each of them. `b` is a block
/// of 32 columns within the record, `j` a quad (four columns) of the block, `part` a part of the block
/// that has a scale of its own. All are constants wherever this is inlined.
protocol PackedFormat {
  associatedtype Kind: TileKind
  /// The number in formats.h.
  static var code: Int { get }
  /// The largest integer that `quad` gives.
  static var largest: Int { get }
  /// 16 rows of 4 columns as bytes, each weight plus the format's offset.
  static func quad(_ w: UnsafeRawPointer, _ b: Int, _ j: Int) -> u8x64
  /// What the integers are multiplied by, of 16 rows; exact.
  static func scale(_ w: UnsafeRawPointer, _ b: Int, _ part: Int) -> f32x16
  /// What is added to scale * integer; exact. Asked for only where the kind has an addend.
  static func addend(_ w: UnsafeRawPointer, _ b: Int, _ part: Int) -> f32x16
}

/// What distinguishes formats in a product of unpacked integers.
protocol TileKind {
  /// Parts of a 32-column block that have scales of their own.
  static var parts: Int { get }
  /// Whether weights are stored with an offset, which the start of the integer sum makes up for.
  static var hasOffset: Bool { get }
  static var hasAddend: Bool { get }
  /// Whether stored integers exceed 127, which only the dot product of bytes takes.
  static var isWide: Bool { get }
  /// Whether quad j is in the low and quad j + 4 in the high half of a byte.
  static var isPacked: Bool { get }
}

extension TileKind {
  @inline(__always) static var isPacked: Bool { false }
}

/// Q8_0, IQ4_NL.
enum ByteKind: TileKind {
  @inline(__always) static var parts: Int { 1 }
  @inline(__always) static var hasOffset: Bool { true }
  @inline(__always) static var hasAddend: Bool { false }
  @inline(__always) static var isWide: Bool { true }
}

/// Q4_0, Q5_0.
enum OffsetKind: TileKind {
  @inline(__always) static var parts: Int { 1 }
  @inline(__always) static var hasOffset: Bool { true }
  @inline(__always) static var hasAddend: Bool { false }
  @inline(__always) static var isWide: Bool { false }
}

/// Q4_0 as it is packed, two quads in each vector: half the bytes for three more instructions a vector, which
/// costs less on Zen 5 than reading expanded weights.
enum NibbleKind: TileKind {
  @inline(__always) static var parts: Int { 1 }
  @inline(__always) static var hasOffset: Bool { true }
  @inline(__always) static var hasAddend: Bool { false }
  @inline(__always) static var isWide: Bool { false }
  @inline(__always) static var isPacked: Bool { true }
}

/// Q4_1, Q5_1, Q4_K, Q5_K.
enum AddendKind: TileKind {
  @inline(__always) static var parts: Int { 1 }
  @inline(__always) static var hasOffset: Bool { false }
  @inline(__always) static var hasAddend: Bool { true }
  @inline(__always) static var isWide: Bool { false }
}

/// Q3_K, Q6_K.
enum HalvesKind: TileKind {
  @inline(__always) static var parts: Int { 2 }
  @inline(__always) static var hasOffset: Bool { true }
  @inline(__always) static var hasAddend: Bool { false }
  @inline(__always) static var isWide: Bool { false }
}

/// Q2_K.
enum HalvesAddendKind: TileKind {
  @inline(__always) static var parts: Int { 2 }
  @inline(__always) static var hasOffset: Bool { false }
  @inline(__always) static var hasAddend: Bool { true }
  @inline(__always) static var isWide: Bool { false }
}
