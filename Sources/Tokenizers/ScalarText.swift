/// A text as scalars, each with its class and its place among the bytes.
struct ScalarText {
  private(set) var scalars: [UInt32] = []
  private(set) var classes: [CharacterClass] = []
  /// Byte offsets, in the slice's own indices: scalar `i` begins at `offsets[i]`; one more at the
  /// end.
  private(set) var offsets: [Int] = []

  init(_ bytes: ArraySlice<UInt8>) {
    scalars.reserveCapacity(bytes.count)
    classes.reserveCapacity(bytes.count)
    offsets.reserveCapacity(bytes.count + 1)
    let table = CharacterClass.table
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let (scalar, length) = bytes.scalar(at: index)
      scalars.append(scalar)
      classes.append(scalar < table.count ? table[Int(scalar)] : CharacterClass.of(scalar))
      offsets.append(index)
      index += length
    }
    offsets.append(index)
  }

  var whole: Range<Int> { 0..<scalars.count }

  /// The byte ranges of ranges of scalars.
  func bytes(_ pieces: [Range<Int>]) -> [Range<Int>] {
    pieces.map { offsets[$0.lowerBound]..<offsets[$0.upperBound] }
  }
}

extension ArraySlice<UInt8> {
  /// The scalar that begins at `index`, and its length in bytes.
  ///
  /// A special token or a character map of a damaged file can cut a character apart; what is left of
  /// it counts as U+FFFD byte by byte.
  func scalar(at index: Int) -> (value: UInt32, length: Int) {
    let first = UInt32(self[index])
    if first < 0x80 { return (first, 1) }
    let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    guard first >= 0xC0, length <= endIndex - index else { return (0xFFFD, 1) }
    var value = first & (0x7F >> UInt32(length))
    for offset in 1..<length {
      let next = UInt32(self[index + offset])
      guard next & 0xC0 == 0x80 else { return (0xFFFD, 1) }
      value = value << 6 | next & 0x3F
    }
    return (value, length)
  }
}
