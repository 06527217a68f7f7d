/// The integer-keyed map of one record, read field by field with limits and named errors.
///
/// Every accessor takes the key of the field, 0 to 63, and its name; the name ends up in the error.
/// After the last one `finish` refuses keys that the record does not define.
package struct CBORFields {
  package let record: String
  private let entries: CBORMap
  /// A bit for each key that was asked for.
  private var read: UInt64 = 0
  /// Most records are read in order: where the next field is likely to be.
  private var next = 0

  package init(_ value: CBOR, record: String) throws(CBORError) {
    guard case .map(let entries) = value else {
      throw CBORError(.wrongField, field: record, found: value.kind, expected: "a map")
    }
    self.record = record
    self.entries = entries
  }

  /// Decodes `bytes` and reads the result as the map of a record.
  package init(
    decoding bytes: [UInt8], record: String, limits: CBOR.Limits = CBOR.Limits()
  ) throws(CBORError) {
    try self.init(CBOR.decode(bytes, limits: limits), record: record)
  }

  package mutating func value(_ key: Int64, _ name: String) throws(CBORError) -> CBOR {
    guard let value = optional(key) else {
      throw error(name, found: "nothing", expected: "a value under key \(key)")
    }
    return value
  }

  package mutating func optional(_ key: Int64) -> CBOR? {
    precondition((0..<64).contains(key), "key \(key) of \(record) is out of range")
    read |= 1 << UInt64(key)
    guard let index = entries.index(of: UInt64(key), startingAt: next) else { return nil }
    next = index + 1
    return entries.pairs[index].value
  }

  package mutating func int(
    _ key: Int64, _ name: String, _ range: ClosedRange<Int> = 0...Int.max
  ) throws(CBORError) -> Int {
    try int(value(key, name), name, range)
  }

  package mutating func bytes(
    _ key: Int64, _ name: String, count: Int
  ) throws(CBORError) -> [UInt8] {
    try bytes(key, name, count...count)
  }

  package mutating func bytes(
    _ key: Int64, _ name: String, _ count: ClosedRange<Int>
  ) throws(CBORError) -> [UInt8] {
    let value = try value(key, name)
    guard case .bytes(let bytes) = value else {
      throw error(name, found: value.kind, expected: "a byte string")
    }
    guard count.contains(bytes.count) else {
      throw error(name, found: "\(bytes.count) bytes", expected: Self.describe(count) + " bytes")
    }
    return bytes
  }

  package mutating func text(
    _ key: Int64, _ name: String, maximumBytes: Int
  ) throws(CBORError) -> String {
    let value = try value(key, name)
    guard case .text(let text) = value else {
      throw error(name, found: value.kind, expected: "a text string")
    }
    guard text.utf8.count <= maximumBytes else {
      throw error(
        name, found: "\(text.utf8.count) bytes", expected: "at most \(maximumBytes) bytes")
    }
    return text
  }

  package mutating func bool(_ key: Int64, _ name: String) throws(CBORError) -> Bool {
    let value = try value(key, name)
    guard case .bool(let bool) = value else {
      throw error(name, found: value.kind, expected: "a boolean")
    }
    return bool
  }

  package mutating func array(
    _ key: Int64, _ name: String, maximumCount: Int
  ) throws(CBORError) -> [CBOR] {
    let value = try value(key, name)
    guard case .array(let items) = value else {
      throw error(name, found: value.kind, expected: "an array")
    }
    guard items.count <= maximumCount else {
      throw error(name, found: "\(items.count) items", expected: "at most \(maximumCount)")
    }
    return items
  }

  package mutating func ints(
    _ key: Int64, _ name: String, maximumCount: Int,
    _ range: ClosedRange<Int> = Int.min...Int.max
  ) throws(CBORError) -> [Int] {
    var result: [Int] = []
    for (index, item) in try array(key, name, maximumCount: maximumCount).enumerated() {
      result.append(try int(item, "\(name)[\(index)]", range))
    }
    return result
  }

  /// Refuses keys that no accessor asked for.
  package func finish() throws(CBORError) {
    guard let extra = entries.pairs.first(where: { !isRead($0.key) })?.key else { return }
    let found = extra.integer.map { "key \($0)" } ?? extra.kind
    throw CBORError(
      .wrongField, field: record, found: "the unknown \(found)", expected: "known keys alone")
  }

  private func isRead(_ key: CBOR) -> Bool {
    guard case .unsigned(let number) = key, number < 64 else { return false }
    return read >> number & 1 == 1
  }

  /// An error about the field `name` of this record.
  package func error(_ name: String, found: String, expected: String) -> CBORError {
    CBORError(.wrongField, field: "\(record).\(name)", found: found, expected: expected)
  }

  private func int(
    _ value: CBOR, _ name: String, _ range: ClosedRange<Int>
  ) throws(CBORError) -> Int {
    guard let wide = value.integer, let number = Int(exactly: wide) else {
      throw error(name, found: value.kind, expected: "an integer")
    }
    guard range.contains(number) else {
      throw error(name, found: "\(number)", expected: Self.describe(range))
    }
    return number
  }

  private static func describe(_ range: ClosedRange<Int>) -> String {
    if range.lowerBound == range.upperBound { return "\(range.lowerBound)" }
    if range.upperBound == .max { return "at least \(range.lowerBound)" }
    return "\(range.lowerBound)...\(range.upperBound)"
  }
}
