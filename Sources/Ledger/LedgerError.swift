/// Why a ledger cannot run on a data folder.
package struct LedgerError: Error, Equatable, Sendable, CustomStringConvertible {
  package let file: String
  package let field: String
  package let found: String
  package let expected: String

  package var description: String { "\(file): \(field): found \(found), expected \(expected)" }
}
