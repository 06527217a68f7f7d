/// Says which field of which file could not be read, what was there, and what was expected.
package struct GGUFError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The path of the file, or the name given to bytes in memory.
  package let file: String
  /// The header field, metadata key or tensor that is at fault.
  package let field: String
  package let found: String
  package let expected: String

  package init(file: String, field: String, found: String, expected: String) {
    self.file = file
    self.field = field
    self.found = found
    self.expected = expected
  }

  package var description: String {
    "\(file): \(field): found \(found), expected \(expected)"
  }
}
