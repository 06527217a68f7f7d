/// A value of the deterministic subset of CBOR that every signed record here is written in.
///
/// The subset is RFC 8949 section 4.2.1 (shortest heads, definite lengths, keys sorted by their
/// encoded bytes) without floating-point numbers and without simple values other than `false`,
/// `true` and `null`. One value therefore has exactly one encoding, and a record that decodes is
/// byte for byte the record that was signed.
package enum CBOR: Hashable, Sendable {
  case unsigned(UInt64)
  /// The integer `-1 - n`, as RFC 8949 section 3.1 stores it (major type 1).
  case negative(UInt64)
  case bytes([UInt8])
  case text(String)
  case array([CBOR])
  case map(CBORMap)
  indirect case tagged(UInt64, CBOR)
  case bool(Bool)
  case null

  /// Wraps a signed integer in the major type that its sign asks for.
  package static func integer(_ value: Int64) -> CBOR {
    value >= 0 ? .unsigned(UInt64(value)) : .negative(UInt64(bitPattern: ~value))
  }

  /// Wraps a signed integer in the major type that its sign asks for.
  package static func integer(_ value: Int) -> CBOR { integer(Int64(value)) }
}

extension CBOR {
  /// The integer value, if this is an integer that fits 64 signed bits.
  package var integer: Int64? {
    switch self {
    case .unsigned(let value): Int64(exactly: value)
    case .negative(let value): Int64(exactly: value).map { ~$0 }
    default: nil
    }
  }

  /// The word for this kind of value in an error message.
  package var kind: String {
    switch self {
    case .unsigned: "an unsigned integer"
    case .negative: "a negative integer"
    case .bytes: "a byte string"
    case .text: "a text string"
    case .array: "an array"
    case .map: "a map"
    case .tagged(let tag, _): "a value with tag \(tag)"
    case .bool: "a boolean"
    case .null: "null"
    }
  }
}

extension CBOR: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(integerLiteral value: Int64) { self = .integer(value) }
  package init(stringLiteral value: String) { self = .text(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: CBOR...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (CBOR, CBOR)...) {
    self = .map(CBORMap(elements))
  }
}
