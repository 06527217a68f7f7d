/// A place where a log is not what its entries say it should be.
package struct Difference: Equatable, Sendable, CustomStringConvertible {
  package let file: String
  package let field: String
  package let found: String
  package let expected: String

  package var description: String { "\(file): \(field): found \(found), expected \(expected)" }
}
