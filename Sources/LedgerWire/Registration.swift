import CBOR
import Corpus

/// What a registration brings along to be admitted.
package enum AdmissionProof: Equatable, Sendable {
  case none
  /// A proof of work under the policy with that digest.
  case work(policy: Digest, nonce: Int)
  case invitation(Invitation)
}

/// An agent's request to be known to one log: possession of the key is proved by the signature.
package struct AgentRegistration: Equatable, Sendable {
  package static let contentType = "application/tributary-agent+cbor"

  package let origin: String
  package let name: String
  package let agent: ContributorKey
  package let proof: AdmissionProof

  /// The signed record; the origin keeps it from being replayed to another ledger.
  ///
  /// Without a proof it has the fields of version 1 alone.
  package static func sign(
    origin: String, identity: ContributorIdentity, proof: AdmissionProof = .none
  ) throws -> [UInt8] {
    let payload: CBOR
    switch proof {
    case .none: payload = [1: 1, 2: .text(origin), 3: .text(identity.name)]
    case .work(let policy, let nonce):
      payload = [
        1: 2, 2: .text(origin), 3: .text(identity.name), 4: .bytes(policy.bytes),
        5: .integer(nonce),
      ]
    case .invitation(let invitation):
      payload = [1: 2, 2: .text(origin), 3: .text(identity.name), 6: .bytes(invitation.bytes)]
    }
    return try identity.signRecord(payload.encode(), contentType: contentType)
  }

  /// Reads and checks a signed record; of the proof, its form alone.
  package static func verify(
    _ signed: [UInt8], origin: String
  ) throws(LedgerRefusal) -> AgentRegistration {
    let (key, payload) = try openRecord(signed, contentType: contentType)
    return try refusing { () throws(CBORError) in
      var fields = try CBORFields(decoding: payload, record: "agent", limits: recordLimits)
      let version = try fields.int(1, "format version", 1...2)
      let named = try fields.text(2, "origin", maximumBytes: LedgerLimits.originBytes)
      let name = try fields.displayText(3, "name", LedgerLimits.nameBytes)
      let proof = version == 1 ? .none : try readProof(&fields)
      try fields.finish()
      return AgentRegistration(origin: named, name: name, agent: key, proof: proof)
    }.checking(origin: origin, named: \.origin)
  }

  private static func readProof(_ fields: inout CBORFields) throws(CBORError) -> AdmissionProof {
    guard fields.optional(6) != nil else {
      return .work(
        policy: try fields.digest(4, "policy"), nonce: try fields.int(5, "nonce"))
    }
    let bytes = try fields.bytes(6, "invitation", count: Invitation.byteCount)
    guard let invitation = Invitation(bytes: bytes) else {
      throw fields.error(
        "invitation", found: "a time above 2^63 - 1", expected: "a time below")
    }
    return .invitation(invitation)
  }
}

private let recordLimits = CBOR.Limits(bytes: LedgerLimits.registrationBytes, items: 16, depth: 3)

/// The key that signed a record, and what it signed.
func openRecord(
  _ signed: [UInt8], contentType: String, maximumBytes: Int = LedgerLimits.registrationBytes
) throws(LedgerRefusal) -> (ContributorKey, [UInt8]) {
  do throws(COSESign1.Failure) {
    let message = try COSESign1.decode(signed, maximumBytes: maximumBytes)
    try message.check(contentType: contentType)
    guard let key = ContributorKey(bytes: message.publicKey) else { throw .badSignature }
    return (key, message.payload)
  } catch {
    throw LedgerRefusal(error)
  }
}

func refusing<Value>(
  _ body: () throws(CBORError) -> Value
) throws(LedgerRefusal) -> Checked<Value> {
  do throws(CBORError) {
    return Checked(value: try body())
  } catch {
    throw LedgerRefusal(error)
  }
}

struct Checked<Value> {
  let value: Value

  func checking(origin: String, named: (Value) -> String) throws(LedgerRefusal) -> Value {
    guard named(value) == origin else {
      throw LedgerRefusal(
        .wrongOrigin, field: "origin", found: named(value), expected: origin)
    }
    return value
  }
}

extension LedgerRefusal {
  package init(_ error: CBORError) {
    self.init(
      .malformed, field: error.field ?? error.offset.map { "byte \($0)" } ?? "record",
      found: error.found, expected: error.expected)
  }

  package init(_ failure: COSESign1.Failure) {
    switch failure {
    case .malformed(let error): self.init(error)
    case .wrongContentType(let found, let expected):
      self.init(.malformed, field: "content type", found: found, expected: expected)
    case .wrongKey(let found, let expected):
      self.init(
        .badSignature, field: "key", found: Hex.encode(found), expected: Hex.encode(expected))
    case .badSignature:
      self.init(
        .badSignature, field: "signature", found: "one that does not fit",
        expected: "the named key's signature")
    }
  }
}
