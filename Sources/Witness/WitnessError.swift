/// Why a witness cannot run on a data folder.
package struct WitnessError: Error, Equatable, Sendable, CustomStringConvertible {
  package let file: String
  package let field: String
  package let found: String
  package let expected: String

  package var description: String { "\(file): \(field): found \(found), expected \(expected)" }
}
