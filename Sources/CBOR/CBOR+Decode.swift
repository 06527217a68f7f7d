extension CBOR {
  /// Bounds on the cost of decoding bytes from outside.
  package struct Limits: Sendable {
    package var bytes: Int
    package var items: Int
    package var depth: Int

    /// Memory is about 40 bytes per item and the input once more, so the default stays below 30 MB.
    package init(bytes: Int = 16 << 20, items: Int = 1 << 18, depth: Int = 12) {
      self.bytes = bytes
      self.items = items
      self.depth = depth
    }
  }

  /// Decodes exactly one value that fills `bytes`, and refuses every encoding but the canonical one.
  ///
  /// Costs O(bytes) time; a claimed length never reserves more memory than the input has left.
  package static func decode(_ bytes: [UInt8], limits: Limits = Limits()) throws(CBORError) -> CBOR
  {
    guard bytes.count <= limits.bytes else {
      throw CBORError(
        .tooLarge, offset: 0, found: "\(bytes.count) bytes", expected: "at most \(limits.bytes)")
    }
    var decoder = Decoder(bytes: bytes, limits: limits)
    let value = try decoder.value(depth: 1)
    guard decoder.offset == bytes.count else {
      throw CBORError(
        .trailingBytes, offset: decoder.offset,
        found: "\(bytes.count - decoder.offset) more bytes", expected: "the end")
    }
    return value
  }
}

private struct Decoder {
  let bytes: [UInt8]
  let limits: CBOR.Limits
  var offset = 0
  var items = 0

  init(bytes: [UInt8], limits: CBOR.Limits) {
    self.bytes = bytes
    self.limits = limits
  }

  mutating func value(depth: Int) throws(CBORError) -> CBOR {
    let start = offset
    items += 1
    guard items <= limits.items else {
      throw error(.tooManyItems, start, "more items", "at most \(limits.items)")
    }
    guard depth <= limits.depth else {
      throw error(.tooDeep, start, "nesting \(depth) deep", "at most \(limits.depth)")
    }
    let (major, argument) = try head()
    switch major {
    case 0: return .unsigned(argument)
    case 1: return .negative(argument)
    case 2: return .bytes(Array(try take(argument, start)))
    case 3: return .text(try text(argument, start))
    case 4: return try array(argument, start, depth)
    case 5: return try map(argument, start, depth)
    case 6: return .tagged(argument, try value(depth: depth + 1))
    default: return try simple(argument, start)
    }
  }

  /// Reads a head and checks that its argument is written in the fewest bytes.
  private mutating func head() throws(CBORError) -> (major: UInt8, argument: UInt64) {
    let start = offset
    guard start < bytes.count else { throw error(.truncated, start, "the end", "an item") }
    let first = bytes[start]
    offset += 1
    let (major, low) = (first >> 5, first & 0x1f)
    switch low {
    case 0..<24: return (major, UInt64(low))
    case 28...30: throw error(.reservedHead, start, "head 0x\(hex(first))", "RFC 8949 section 3")
    case 31:
      throw error(.indefiniteLength, start, "an indefinite length or break", "a definite length")
    default: break
    }
    // Major type 7 with an argument in following bytes is a float or an extended simple value.
    guard major != 7 else {
      let code: CBORError.Code = low == 24 ? .simpleValue : .float
      throw error(code, start, low == 24 ? "a simple value" : "a float", "false, true or null")
    }
    let width = 1 << Int(low - 24)
    var argument: UInt64 = 0
    for byte in try take(UInt64(width), start) { argument = argument << 8 | UInt64(byte) }
    let smallest: UInt64 = width == 1 ? 24 : 1 << UInt64(width * 4)
    guard argument >= smallest else {
      throw error(.notShortest, start, "\(argument) in \(width) bytes", "its shortest form")
    }
    return (major, argument)
  }

  private mutating func take(_ count: UInt64, _ start: Int) throws(CBORError) -> ArraySlice<UInt8> {
    let left = bytes.count - offset
    guard count <= UInt64(left) else {
      throw error(.truncated, start, "\(left) bytes", "\(count) bytes")
    }
    defer { offset += Int(count) }
    return bytes[offset..<offset + Int(count)]
  }

  private mutating func text(_ count: UInt64, _ start: Int) throws(CBORError) -> String {
    guard let text = String(validating: try take(count, start), as: UTF8.self) else {
      throw error(.invalidUTF8, start, "a text string that is not UTF-8", "UTF-8")
    }
    return text
  }

  private mutating func array(
    _ count: UInt64, _ start: Int, _ depth: Int
  ) throws(CBORError) -> CBOR {
    try check(count, bytesEach: 1, start)
    var result: [CBOR] = []
    result.reserveCapacity(Int(count))
    for _ in 0..<Int(count) { result.append(try value(depth: depth + 1)) }
    return .array(result)
  }

  private mutating func map(
    _ count: UInt64, _ start: Int, _ depth: Int
  ) throws(CBORError) -> CBOR {
    try check(count, bytesEach: 2, start)
    var result = CBORMap(capacity: Int(count))
    var texts: Set<CBOR> = []
    var previous = offset..<offset
    for _ in 0..<Int(count) {
      let keyStart = offset
      let key = try value(depth: depth + 1)
      let encoded = keyStart..<offset
      guard precedes(previous, encoded) else {
        if precedes(encoded, previous) {
          throw error(.unsortedKeys, keyStart, "a key out of order", "keys sorted by their bytes")
        }
        throw error(.duplicateKey, keyStart, "a key twice", "each key once")
      }
      // Texts that differ only in Unicode normalisation are equal in Swift.
      guard key.hasOneSpelling || texts.insert(key).inserted else {
        throw error(.duplicateKey, keyStart, "a key twice", "each key once")
      }
      previous = encoded
      result.append(key, try value(depth: depth + 1))
    }
    return .map(result)
  }

  /// Whether the bytes of one item come before those of another in order.
  private func precedes(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
    // Keys of one byte are most of them.
    if left.count == 1, right.count == 1 { return bytes[left.lowerBound] < bytes[right.lowerBound] }
    return bytes[left].lexicographicallyPrecedes(bytes[right])
  }

  /// Refuses a count that the rest of the input or the item limit cannot hold, before reserving.
  private func check(_ count: UInt64, bytesEach: UInt64, _ start: Int) throws(CBORError) {
    let left = UInt64(bytes.count - offset)
    guard count <= left / bytesEach else {
      throw error(.truncated, start, "\(left) bytes", "\(count) items")
    }
    guard count <= UInt64(limits.items - items) else {
      throw error(.tooManyItems, start, "\(count) items", "at most \(limits.items) in all")
    }
  }

  private func simple(_ argument: UInt64, _ start: Int) throws(CBORError) -> CBOR {
    switch argument {
    case 20: return .bool(false)
    case 21: return .bool(true)
    case 22: return .null
    default: throw error(.simpleValue, start, "simple value \(argument)", "false, true or null")
    }
  }

  private func error(
    _ code: CBORError.Code, _ offset: Int, _ found: String, _ expected: String
  ) -> CBORError {
    CBORError(code, offset: offset, found: found, expected: expected)
  }

  private func hex(_ byte: UInt8) -> String { String(byte, radix: 16) }
}

extension CBOR {
  /// Whether values are equal only where their bytes are: there is no text in it.
  fileprivate var hasOneSpelling: Bool {
    switch self {
    case .text, .array, .map, .tagged: false
    default: true
    }
  }
}
