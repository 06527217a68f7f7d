import CBOR

/// Why a trace, a batch or a part of one is refused: the field, what was found, what was expected.
package struct TraceError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A path such as `public.signature`, `private.question` or `batch.payload`.
  package let field: String
  package let found: String
  package let expected: String

  package init(_ field: String, found: String, expected: String) {
    self.field = field
    self.found = found
    self.expected = expected
  }

  init(_ error: CBORError, in field: String) {
    let place = error.field ?? "\(field): byte \(error.offset ?? 0)"
    self.init(place, found: error.found, expected: error.expected)
  }

  init(_ failure: COSESign1.Failure, in field: String) {
    switch failure {
    case .malformed(let error):
      self.init(error.field.map { _ in error } ?? error, signedPart: field)
    case .wrongContentType(let found, let expected):
      self.init("\(field).content type", found: found, expected: expected)
    case .wrongKey:
      self.init("\(field).key", found: "another key", expected: "the agent's key")
    case .badSignature:
      self.init(
        "\(field).signature", found: "one that does not match", expected: "the agent's signature")
    }
  }

  private init(_ error: CBORError, signedPart field: String) {
    let place = error.field ?? "byte \(error.offset ?? 0)"
    self.init("\(field).\(place)", found: error.found, expected: error.expected)
  }

  package var description: String { "\(field): found \(found), expected \(expected)" }
}
