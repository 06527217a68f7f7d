/// What a decoder refused: where, what it found and what it expected.
package struct CBORError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The rule that was broken.
  package enum Code: String, Sendable {
    case truncated, trailingBytes, notShortest, indefiniteLength, reservedHead, float, simpleValue
    case invalidUTF8, unsortedKeys, duplicateKey, tooDeep, tooManyItems, tooLarge
    /// The bytes are canonical CBOR but not the record that was expected.
    case wrongField
  }

  package let code: Code
  /// The byte at which the offending item starts; nil for a field of an already decoded record.
  package let offset: Int?
  /// The record and field, such as `manifest.documents[2].path`; nil while bytes are decoded.
  package let field: String?
  package let found: String
  package let expected: String

  package init(
    _ code: Code, offset: Int? = nil, field: String? = nil, found: String, expected: String
  ) {
    self.code = code
    self.offset = offset
    self.field = field
    self.found = found
    self.expected = expected
  }

  package var description: String {
    let place = field ?? offset.map { "byte \($0)" } ?? "record"
    return "\(place): found \(found), expected \(expected)"
  }
}
