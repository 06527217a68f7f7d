/// A text as scalars, each with its class and its place among the bytes.
struct ScalarText {
  private(set) var scalars: [UInt32] = []
  private(set) var classes: [CharacterClass] = []
  /// Byte offsets, in the slice's own indices: scalar `i` begins at `offsets[i]`; one more at the
  /// end.
  private(set) var offsets: [Int] = []

  /// - Parameter bytes: valid UTF-8.
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
  /// The scalar that begins at `index`, and its length in bytes; the slice is valid UTF-8.
  func scalar(at index: Int) -> (value: UInt32, length: Int) {
    let first = UInt32(self[index])
    if first < 0x80 { return (first, 1) }
    func next(_ offset: Int) -> UInt32 { UInt32(self[index + offset] & 0x3F) }
    if first < 0xE0 { return ((first & 0x1F) << 6 | next(1), 2) }
    if first < 0xF0 { return ((first & 0xF) << 12 | next(1) << 6 | next(2), 3) }
    return ((first & 7) << 18 | next(1) << 12 | next(2) << 6 | next(3), 4)
  }
}
