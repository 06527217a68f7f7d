import CBOR
import Corpus
import TransparencyLog

/// The signed head of a batch: whose it is, where it stands in the agent's chain, what it holds.
package struct BatchHeader: Equatable, Sendable {
  package static let contentType = "application/tributary-batch+cbor"
  package static let maximumBytes = 2048

  /// How a header names what it holds; each way is a format version.
  package enum Contents: Hashable, Sendable {
    /// Version 1: SHA-256 of the payload before compression, an array of signed public parts.
    case hash(Digest)
    /// Version 2: the root of the tree of RFC 6962 over the public parts, which the header's
    /// signature covers: they have none of their own, and each can be shown without the others.
    case tree(TreeHash)

    var formatVersion: Int {
      switch self {
      case .hash: 1
      case .tree: 2
      }
    }

    var bytes: [UInt8] {
      switch self {
      case .hash(let digest): digest.bytes
      case .tree(let root): root.bytes
      }
    }
  }

  /// The key that signed; it stands in the protected header of the signed message.
  package var agent: ContributorKey
  /// Counts the agent's batches from 0.
  package var sequence: Int
  /// SHA-256 of the previous signed header; 32 zero bytes for sequence 0.
  package var previous: Digest
  /// The origin line of the log that the batch is for.
  package var origin: String
  package var contents: Contents
  /// The number of traces.
  package var count: Int
  /// Seconds since 1970-01-01 UTC.
  package var created: Int

  package init(
    agent: ContributorKey, sequence: Int, previous: Digest, origin: String, contents: Contents,
    count: Int, created: Int
  ) {
    self.agent = agent
    self.sequence = sequence
    self.previous = previous
    self.origin = origin
    self.contents = contents
    self.count = count
    self.created = created
  }

  /// What stands for the previous header before the first batch.
  package static let noPrevious: Digest = {
    guard let digest = Digest(bytes: [UInt8](repeating: 0, count: 32)) else {
      preconditionFailure("32 bytes are a digest")
    }
    return digest
  }()

  /// Signs the header; refuses a key other than the agent's.
  package func sign(by identity: ContributorIdentity) throws -> [UInt8] {
    guard identity.publicKey == agent else {
      throw TraceError(
        "batch.agent", found: identity.publicKey.hex, expected: "the header's agent \(agent)")
    }
    return try identity.signRecord(encode(), contentType: Self.contentType)
  }

  /// Decodes a signed header and checks its signature.
  package static func verify(
    _ signed: [UInt8], agent: ContributorKey? = nil
  ) throws(TraceError) -> BatchHeader {
    let message: COSESign1
    do throws(COSESign1.Failure) {
      message = try COSESign1.decode(signed, maximumBytes: maximumBytes)
      try message.check(contentType: contentType, publicKey: agent?.bytes)
    } catch {
      throw TraceError(error, in: "batch")
    }
    do throws(CBORError) {
      return try decode(message.payload, agent: message.publicKey)
    } catch {
      throw TraceError(error, in: "batch")
    }
  }

  private func encode() -> [UInt8] {
    let value: CBOR = [
      1: .integer(contents.formatVersion),
      2: .integer(sequence),
      3: .bytes(previous.bytes),
      4: .text(origin),
      5: .bytes(contents.bytes),
      6: .integer(count),
      7: .integer(created),
    ]
    return value.encode()
  }

  private static func decode(_ payload: [UInt8], agent: [UInt8]) throws(CBORError) -> BatchHeader {
    let limits = CBOR.Limits(bytes: maximumBytes, items: 32, depth: 2)
    var fields = try CBORFields(decoding: payload, record: "batch", limits: limits)
    let version = try fields.int(1, "format version", 1...2)
    guard let agent = ContributorKey(bytes: agent) else {
      throw fields.error("agent", found: "another length", expected: "32 bytes")
    }
    let header = BatchHeader(
      agent: agent,
      sequence: try fields.int(2, "sequence"),
      previous: try fields.digest(3, "previous"),
      origin: try fields.displayText(4, "origin", 200),
      contents: try fields.contents(5, version: version),
      count: try fields.int(6, "count", 1...Batch.maximumTraces),
      created: try fields.int(7, "created"))
    try fields.finish()
    guard (header.sequence == 0) == (header.previous == noPrevious) else {
      throw fields.error(
        "previous", found: header.previous.hex, expected: "zeroes for sequence 0 and only there")
    }
    return header
  }
}

extension CBORFields {
  fileprivate mutating func contents(
    _ key: Int64, version: Int
  ) throws(CBORError) -> BatchHeader.Contents {
    let digest = try digest(key, version == 1 ? "payload hash" : "root of the traces")
    guard version == 2, let root = TreeHash(bytes: digest.bytes) else { return .hash(digest) }
    return .tree(root)
  }
}
