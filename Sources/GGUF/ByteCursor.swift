/// Reads little-endian values in order and refuses to pass the end.
struct ByteCursor {
  let file: String
  let bytes: UnsafeRawBufferPointer
  private(set) var offset = 0

  init(file: String, bytes: UnsafeRawBufferPointer) {
    self.file = file
    self.bytes = bytes
  }

  var remaining: Int { bytes.count - offset }

  mutating func integer<T: FixedWidthInteger>(
    _ type: T.Type, _ field: @autoclosure () -> String
  ) throws(GGUFError) -> T {
    let range = try take(MemoryLayout<T>.size, field())
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: range.lowerBound, as: T.self))
  }

  /// Moves over `count` bytes and returns where they lie.
  mutating func take(
    _ count: Int, _ field: @autoclosure () -> String
  ) throws(GGUFError) -> Range<Int> {
    guard count >= 0, count <= remaining else {
      throw failure(
        field(), found: "the end of the file, \(remaining) bytes on",
        expected: "\(count) bytes at offset \(offset)")
    }
    defer { offset += count }
    return offset..<(offset + count)
  }

  /// Reads a count and checks that so many elements of at least `minimumBytes` each can follow.
  mutating func count(
    minimumBytes: Int, _ field: @autoclosure () -> String
  ) throws(GGUFError) -> Int {
    let value = try integer(UInt64.self, field())
    let most = UInt64(remaining / minimumBytes)
    guard value <= most else {
      throw failure(
        field(), found: "\(value)",
        expected: "at most \(most), which is what the rest of the file can hold")
    }
    return Int(value)
  }

  /// Reads a length and moves over so many bytes.
  mutating func lengthPrefixed(_ field: @autoclosure () -> String) throws(GGUFError) -> Range<Int> {
    let length = try count(minimumBytes: 1, field())
    return try take(length, field())
  }

  mutating func string(_ field: @autoclosure () -> String) throws(GGUFError) -> String {
    let range = try lengthPrefixed(field())
    guard let string = String(validating: bytes[range], as: UTF8.self) else {
      throw failure(field(), found: "bytes that are not UTF-8", expected: "UTF-8 text")
    }
    return string
  }

  func failure(_ field: String, found: String, expected: String) -> GGUFError {
    GGUFError(file: file, field: field, found: found, expected: expected)
  }
}
