import CBOR
import Corpus

/// Seals answers into signed, compressed traces and opens them again.
///
/// A stored trace is laid out so that damage is found before anything is decoded:
///
///     offset  bytes  content
///     0        8     "TRIBTRC1"
///     8       32     SHA-256 of the rest
///     40      32     SHA-256 of the dictionary
///     72      ...    zstd frame of the CBOR map {1: public message, 2: secret, 3: leaves}
package enum TraceCodec {
  /// Of the decompressed trace.
  package static let maximumBytes = 16 << 20
  static let magic = Array("TRIBTRC1".utf8)
  private static let headByteCount = 40

  /// Signs the public part of `record`, commits to the private one, and compresses both.
  ///
  /// Throws if the record contradicts itself, above all if the shares do not sum to 1,000,000 ppm.
  package static func seal(
    _ record: TraceRecord, identity: ContributorIdentity
  ) throws -> SealedTrace {
    let (publicBytes, content) = try write(record, identity: identity)
    let body = try DictionaryFrame.pack(content)
    return SealedTrace(
      publicPart: try PublicTrace.verify(publicBytes), publicBytes: publicBytes,
      storedBytes: magic + Digest(sha256: body).bytes + body)
  }

  /// The signed public part and the whole content before compression; dictionaries are trained on
  /// both.
  package static func write(
    _ record: TraceRecord, identity: ContributorIdentity
  ) throws -> (publicBytes: [UInt8], content: [UInt8]) {
    if let problem = record.inconsistency() { throw problem }
    let leaves = PrivateField.allCases.map {
      PrivateLeaf(field: $0, value: record.value(of: $0).encode())
    }
    let secret = PrivateTrace(secret: record.secret, leaves: leaves)
    let part = record.publicPart(agent: identity.publicKey, privateRoot: secret.root)
    let publicBytes = try part.sign(by: identity)
    return (publicBytes, content(publicBytes, secret))
  }

  /// Checks every part of a stored trace and names each one that is damaged.
  package static func verify(_ stored: [UInt8], agent: ContributorKey? = nil) -> TraceVerdict {
    do throws(TraceError) {
      return try StoredTrace(unpack(stored)).verdict(agent: agent)
    } catch {
      return .damaged([error])
    }
  }

  /// Verifies a stored trace and returns all of it; throws the first damage.
  package static func open(
    _ stored: [UInt8], agent: ContributorKey? = nil
  ) throws(TraceError) -> (record: TraceRecord, sealed: SealedTrace) {
    let trace = try StoredTrace(unpack(stored))
    switch trace.verdict(agent: agent) {
    case .damaged(let problems): throw problems[0]
    case .valid(let part):
      let sealed = SealedTrace(
        publicPart: part, publicBytes: trace.publicBytes, storedBytes: stored)
      return (try trace.record(part), sealed)
    }
  }

  /// The decompressed content of a stored trace, whose bytes are the ones that were written; nothing
  /// else is checked.
  package static func unpack(_ stored: [UInt8]) throws(TraceError) -> [UInt8] {
    guard stored.starts(with: magic) else {
      throw TraceError("header", found: "other bytes", expected: "TRIBTRC1")
    }
    let body = Array(stored.dropFirst(headByteCount))
    let hash = Digest(sha256: body)
    guard Array(stored.dropFirst(magic.count).prefix(32)) == hash.bytes else {
      throw TraceError(
        "stored bytes", found: "a hash that differs from the header's",
        expected: "the bytes that were written")
    }
    return try DictionaryFrame.open(body, maximumBytes: maximumBytes, field: "stored bytes")
  }

  private static func content(_ publicBytes: [UInt8], _ secret: PrivateTrace) -> [UInt8] {
    let value: CBOR = [
      1: .bytes(publicBytes),
      2: .bytes(secret.secret.bytes),
      3: .array(
        zip(secret.leaves, secret.hashes).map { leaf, hash in
          [.bytes(leaf.value), .bytes(Array(hash.bytes.prefix(StoredTrace.markByteCount)))]
        }),
    ]
    return value.encode()
  }
}
