import CBOR
import Corpus

/// Chosen private fields of a trace, revealed to a validator together with their salts.
///
/// `make` runs where the trace is stored, `check` where it is validated. What is not opened stays a
/// salted hash.
package struct TraceOpening: Equatable, Sendable {
  package static let formatVersion = 1

  package let publicPart: PublicTrace
  /// The opened fields; their values are what the agent signed.
  package let values: [PrivateField: CBOR]

  /// Writes an opening of `fields` of a stored trace, which is verified first.
  package static func make(
    _ stored: [UInt8], revealing fields: Set<PrivateField>
  ) throws(TraceError) -> [UInt8] {
    _ = try TraceCodec.open(stored)
    let trace = try StoredTrace(TraceCodec.unpack(stored))
    let secret = trace.secret
    let opened = secret.leaves.filter { fields.contains($0.field) }.map { leaf -> CBOR in
      [
        .integer(leaf.field.rawValue), .bytes(secret.secret.salt(of: leaf.field)),
        .bytes(leaf.value),
      ]
    }
    let value: CBOR = [
      1: .integer(formatVersion),
      2: .bytes(trace.publicBytes),
      3: .array(secret.hashes.map { .bytes($0.bytes) }),
      4: .array(opened),
    ]
    return value.encode()
  }

  /// Decodes an opening and checks signature, root, and every opened value against its hash.
  package static func check(
    _ bytes: [UInt8], agent: ContributorKey? = nil
  ) throws(TraceError) -> TraceOpening {
    let parts: Parts
    do throws(CBORError) {
      parts = try Parts(bytes)
    } catch {
      throw TraceError(error, in: "opening")
    }
    let publicPart = try PublicTrace.verify(parts.publicBytes, agent: agent)
    guard PrivateLeaf.root(of: parts.hashes) == publicPart.privateRoot else {
      throw TraceError(
        "opening.hashes", found: "hashes of another trace",
        expected: "the root \(publicPart.privateRoot)")
    }
    var values: [PrivateField: CBOR] = [:]
    for (leaf, salt) in parts.leaves {
      guard leaf.hash(salt: salt) == parts.hashes[leaf.field.rawValue - 1] else {
        throw TraceError(
          leaf.field.path, found: "another value or salt",
          expected: "the one that was committed to")
      }
      values[leaf.field] = try leaf.decoded()
    }
    return TraceOpening(publicPart: publicPart, values: values)
  }
}

extension TraceOpening {
  private struct Parts {
    let publicBytes: [UInt8]
    let hashes: [Digest]
    let leaves: [(leaf: PrivateLeaf, salt: [UInt8])]

    init(_ bytes: [UInt8]) throws(CBORError) {
      let limits = CBOR.Limits(bytes: TraceCodec.maximumBytes, items: 128, depth: 4)
      var fields = try CBORFields(decoding: bytes, record: "opening", limits: limits)
      _ = try fields.int(1, "format version", formatVersion...formatVersion)
      publicBytes = try fields.bytes(2, "public", 0...PublicTrace.maximumBytes)
      let count = PrivateField.allCases.count
      var hashes: [Digest] = []
      for item in try fields.array(3, "hashes", maximumCount: count) {
        guard case .bytes(let bytes) = item, let hash = Digest(bytes: bytes) else {
          throw fields.error("hashes", found: item.kind, expected: "32 bytes")
        }
        hashes.append(hash)
      }
      guard hashes.count == count else {
        throw fields.error("hashes", found: "\(hashes.count)", expected: "\(count)")
      }
      self.hashes = hashes
      var leaves: [(leaf: PrivateLeaf, salt: [UInt8])] = []
      for item in try fields.array(4, "leaves", maximumCount: count) {
        guard case .array(let parts) = item, parts.count == 3, let number = parts[0].integer,
          let field = PrivateField(rawValue: Int(number)), case .bytes(let salt) = parts[1],
          salt.count == 32, case .bytes(let value) = parts[2]
        else { throw fields.error("leaves", found: item.kind, expected: "[field, salt, value]") }
        guard leaves.last.map({ $0.leaf.field.rawValue < field.rawValue }) ?? true else {
          throw fields.error("leaves", found: "\(field) out of order", expected: "each once")
        }
        leaves.append((PrivateLeaf(field: field, value: value), salt))
      }
      self.leaves = leaves
      try fields.finish()
    }
  }
}

extension PrivateLeaf {
  /// The value of the leaf as CBOR.
  func decoded() throws(TraceError) -> CBOR {
    do throws(CBORError) {
      let limits = CBOR.Limits(bytes: TraceCodec.maximumBytes, items: 1 << 20, depth: 4)
      return try CBOR.decode(value, limits: limits)
    } catch {
      throw TraceError(error, in: field.path)
    }
  }
}
