/// Reads JSON (RFC 8259) in order, without building values, so that memory is the caller's choice.
///
/// Strings keep their scalars: keys that only differ in normalisation stay apart, as a vocabulary
/// needs. What is not where it is expected is an error that says where it stands.
package struct JSONCursor {
  /// How deeply a value that is skipped may be nested.
  private static let mostDepth = 64
  /// Keys are built one at a time; a hostile one may not take the file's size in memory again.
  private static let mostKeyBytes = 65_535

  package let file: String
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  package init(file: String, bytes: UnsafeRawBufferPointer) {
    self.file = file
    self.bytes = bytes
  }

  /// Reads an object and calls `member` with each key, which must read the value.
  package mutating func object(
    _ field: String, _ member: (String, inout JSONCursor) throws(GGUFError) -> Void
  ) throws(GGUFError) {
    try expect("{", field)
    if skip("}") { return }
    repeat {
      let key = try string(field, mostBytes: Self.mostKeyBytes)
      try expect(":", field)
      try member(key, &self)
    } while skip(",")
    try expect("}", field)
  }

  /// Reads an array and calls `element` for each value, which must read it.
  package mutating func array(
    _ field: String, _ element: (inout JSONCursor) throws(GGUFError) -> Void
  ) throws(GGUFError) {
    try expect("[", field)
    if skip("]") { return }
    repeat { try element(&self) } while skip(",")
    try expect("]", field)
  }

  /// Reads an array of at most `most` whole numbers from zero.
  mutating func integers(_ field: String, most: Int) throws(GGUFError) -> [Int] {
    var values: [Int] = []
    try array(field) { (text) throws(GGUFError) in
      guard values.count < most else {
        throw text.failure(field, found: "more than \(most) numbers", expected: "at most \(most)")
      }
      values.append(try text.integer(field))
    }
    return values
  }

  /// Whether the next value is of the kind that begins with this character.
  package mutating func isNext(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    return offset < bytes.count && bytes[offset] == UInt8(ascii: character)
  }

  /// Moves over a value of any kind and returns its bytes.
  package mutating func raw(_ field: String) throws(GGUFError) -> UnsafeRawBufferPointer {
    skipSpace()
    let start = offset
    try skipValue(field, depth: 0)
    return UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
  }

  /// Moves over a string without building it; its escapes are not checked.
  package mutating func skipString(_ field: String) throws(GGUFError) {
    try expect("\"", field)
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += byte == UInt8(ascii: "\\") ? 2 : 1
      if byte == UInt8(ascii: "\"") { return }
    }
    throw failure(field, found: "the end of the header", expected: "the end of a string")
  }

  private mutating func skipValue(_ field: String, depth: Int) throws(GGUFError) {
    guard depth < Self.mostDepth else {
      throw failure(field, found: "values nested \(depth) deep", expected: "fewer levels")
    }
    if isNext("{") {
      try object(field) { (_, text) throws(GGUFError) in
        try text.skipValue(field, depth: depth + 1)
      }
    } else if isNext("[") {
      try array(field) { (text) throws(GGUFError) in
        try text.skipValue(field, depth: depth + 1)
      }
    } else if isNext("\"") {
      try skipString(field)
    } else {
      let start = offset
      while offset < bytes.count,
        ![0x2C, 0x5D, 0x7D, 0x20, 0x0A, 0x0D, 0x09].contains(bytes[offset])
      {
        offset += 1
      }
      guard offset > start else { throw failure(field, found: described, expected: "a value") }
    }
  }

  /// Reads a string of at most `mostBytes` bytes.
  package mutating func string(
    _ field: String, mostBytes: Int = .max
  ) throws(GGUFError) -> String {
    try expect("\"", field)
    var text: [UInt8] = []
    while offset < bytes.count {
      guard text.count <= mostBytes else {
        throw failure(field, found: "a longer string", expected: "at most \(mostBytes) bytes")
      }
      let byte = bytes[offset]
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw failure(field, found: "bytes that are not UTF-8", expected: "UTF-8 text")
        }
        return string
      case UInt8(ascii: "\\"): try appendEscaped(to: &text, field)
      case 0..<0x20:
        throw failure(field, found: "a control character", expected: "a string without one")
      default: text.append(byte)
      }
    }
    throw failure(field, found: "the end of the header", expected: "the end of a string")
  }

  /// Only white space may follow; writers pad the header with it.
  package mutating func requireEnd() throws(GGUFError) {
    skipSpace()
    guard offset == bytes.count else {
      throw failure("header", found: described, expected: "the end of the header")
    }
  }

  package func failure(_ field: String, found: String, expected: String) -> GGUFError {
    GGUFError(file: file, field: field, found: found, expected: expected)
  }
}

// MARK: - Parts

extension JSONCursor {
  private mutating func skipSpace() {
    while offset < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[offset]) { offset += 1 }
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar, _ field: String) throws(GGUFError) {
    guard skip(character) else {
      throw failure(field, found: described, expected: "\"\(character)\"")
    }
  }

  private var described: String {
    guard offset < bytes.count else { return "the end of the header" }
    return "byte 0x\(String(bytes[offset], radix: 16)) at byte \(offset) of the header"
  }

  /// Reads a whole number from zero.
  package mutating func integer(_ field: String) throws(GGUFError) -> Int {
    skipSpace()
    let start = offset
    var value = 0
    while offset < bytes.count, case let digit = bytes[offset] &- UInt8(ascii: "0"), digit < 10 {
      guard value < Int.max / 10 else {
        throw failure(field, found: "a number beyond 2^63", expected: "a whole number")
      }
      value = value * 10 + Int(digit)
      offset += 1
    }
    guard offset > start else {
      throw failure(field, found: described, expected: "a whole number from zero")
    }
    return value
  }

  private mutating func appendEscaped(
    to text: inout [UInt8], _ field: String
  ) throws(GGUFError) {
    let plain: [Unicode.Scalar: UInt8] = [
      "\"": 0x22, "\\": 0x5C, "/": 0x2F, "b": 0x08, "f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09,
    ]
    guard offset < bytes.count else { return }
    let kind = Unicode.Scalar(bytes[offset])
    offset += 1
    if let byte = plain[kind] {
      text.append(byte)
      return
    }
    guard kind == "u" else {
      throw failure(field, found: "the escape \\\(kind)", expected: "an escape of JSON")
    }
    var unit = UInt32(try hexadecimal(field))
    if (0xD800..<0xDC00).contains(unit), offset + 1 < bytes.count,
      bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u")
    {
      offset += 2
      let low = UInt32(try hexadecimal(field))
      guard (0xDC00..<0xE000).contains(low) else {
        throw failure(field, found: "half a surrogate pair", expected: "both halves")
      }
      unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(unit) else {
      throw failure(field, found: "half a surrogate pair", expected: "both halves")
    }
    text += Array(String(scalar).utf8)
  }

  private mutating func hexadecimal(_ field: String) throws(GGUFError) -> UInt16 {
    guard offset + 4 <= bytes.count,
      let digits = String(validating: bytes[offset..<(offset + 4)], as: UTF8.self),
      digits.allSatisfy(\.isHexDigit), let value = UInt16(digits, radix: 16)
    else { throw failure(field, found: "no four digits after \\u", expected: "an escape of JSON") }
    offset += 4
    return value
  }
}
