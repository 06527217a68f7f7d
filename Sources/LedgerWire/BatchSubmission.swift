import CBOR

/// The body of `POST /v1/batches`: a signed batch header and, unless it is void, its payload.
///
/// A void submission logs the header alone. The agent sends it for a batch that the ledger refused
/// for its content: the sequence chain goes on, nothing is credited, and no number is used twice.
package struct BatchSubmission: Equatable, Sendable {
  package static let contentType = "application/tributary-submission+cbor"

  package let signedHeader: [UInt8]
  package let payload: [UInt8]?

  package init(signedHeader: [UInt8], payload: [UInt8]?) {
    self.signedHeader = signedHeader
    self.payload = payload
  }

  package func encode() -> [UInt8] { cbor.encode() }

  var cbor: CBOR { [.bytes(signedHeader), payload.map { .bytes($0) } ?? .null] }

  /// Reads a body within ``LedgerLimits``.
  package static func decode(_ bytes: [UInt8]) throws(LedgerRefusal) -> BatchSubmission {
    let value: CBOR
    do {
      let limits = CBOR.Limits(bytes: LedgerLimits.submissionBytes, items: 3, depth: 2)
      value = try CBOR.decode(bytes, limits: limits)
    } catch {
      throw LedgerRefusal(error)
    }
    return try BatchSubmission(value)
  }

  init(_ value: CBOR) throws(LedgerRefusal) {
    guard case .array(let parts) = value, parts.count == 2, case .bytes(let header) = parts[0]
    else { throw Self.malformed(value.kind) }
    try Self.check("header", header, LedgerLimits.headerBytes)
    switch parts[1] {
    case .null: self.init(signedHeader: header, payload: nil)
    case .bytes(let payload):
      try Self.check("payload", payload, LedgerLimits.payloadBytes)
      self.init(signedHeader: header, payload: payload)
    default: throw Self.malformed(parts[1].kind)
    }
  }

  private static func check(
    _ field: String, _ bytes: [UInt8], _ maximum: Int
  ) throws(LedgerRefusal) {
    guard bytes.count <= maximum else {
      throw LedgerRefusal(
        .tooLarge, field: field, found: "\(bytes.count) bytes", expected: "at most \(maximum)")
    }
  }

  private static func malformed(_ found: String) -> LedgerRefusal {
    LedgerRefusal(
      .malformed, field: "submission", found: found,
      expected: "an array of the signed header and the payload, or null")
  }
}
