import CBOR
import Corpus
import Foundation

/// Public parts of traces under one signed header, as they go to a ledger.
///
/// Sealing takes public bytes alone, so nothing private can get into a batch.
package struct Batch: Equatable, Sendable {
  package static let maximumTraces = 1024
  /// Of the payload before compression.
  package static let maximumPayloadBytes = 4 << 20

  package let header: BatchHeader
  package let signedHeader: [UInt8]
  /// The dictionary's hash and a zstd frame of the CBOR array of public parts.
  package let payload: [UInt8]
  /// SHA-256 of the signed header: what the next header names as `previous`.
  package var hash: Digest { Digest(sha256: signedHeader) }

  /// Seals signed public parts, each of which is verified to be a trace of `identity`.
  ///
  /// The header's signature takes the place of theirs.
  package static func seal(
    publicParts: [[UInt8]], sequence: Int, previous: Digest, origin: String,
    identity: ContributorIdentity, created: Int = Int(Date().timeIntervalSince1970)
  ) throws -> Batch {
    for part in publicParts { _ = try PublicTrace.verify(part, agent: identity.publicKey) }
    let parts = try publicParts.map(PublicTrace.withoutSignature)
    let header = BatchHeader(
      agent: identity.publicKey, sequence: sequence, previous: previous, origin: origin,
      contents: .tree(BatchTree.root(of: parts)), count: parts.count, created: created)
    let signed = try header.sign(by: identity)
    let payload = try DictionaryFrame.pack(content(of: parts))
    let batch = Batch(header: header, signedHeader: signed, payload: payload)
    // Refuses to seal what the other side would refuse: too many traces, one twice, a bad origin.
    _ = try verify(signedHeader: signed, payload: payload)
    return batch
  }

  /// The payload before compression.
  static func content(of parts: [[UInt8]]) -> [UInt8] {
    CBOR.array(parts.map { .bytes($0) }).encode()
  }

  /// Decodes a payload that must be the one its header names, and returns the public parts unread:
  /// signed ones for version 1, bare ones for version 2.
  package static func openPayload(
    _ payload: [UInt8], expecting header: BatchHeader, maximumBytes: Int = maximumPayloadBytes
  ) throws(TraceError) -> [[UInt8]] {
    let content = try openContent(payload, maximumBytes: maximumBytes)
    return try parts(of: content, expecting: header, maximumBytes: maximumBytes)
  }

  /// The CBOR array of public parts in a payload, not yet looked at.
  static func openContent(
    _ payload: [UInt8], maximumBytes: Int
  ) throws(TraceError) -> [UInt8] {
    try DictionaryFrame.open(payload, maximumBytes: maximumBytes, field: "batch.payload")
  }

  private static func parts(
    of content: [UInt8], expecting header: BatchHeader, maximumBytes: Int
  ) throws(TraceError) -> [[UInt8]] {
    if case .hash(let expected) = header.contents {
      let hash = Digest(sha256: content)
      guard hash == expected else {
        throw TraceError("batch.payload", found: "hash \(hash)", expected: "\(expected)")
      }
    }
    let parts = try parts(content, maximumBytes)
    guard parts.count == header.count else {
      throw TraceError(
        "batch.payload", found: "\(parts.count) traces", expected: "\(header.count) traces")
    }
    if case .tree(let expected) = header.contents {
      let root = BatchTree.root(of: parts)
      guard root == expected else {
        throw TraceError("batch.payload", found: "root \(root)", expected: "\(expected)")
      }
    }
    return parts
  }

  /// The traces of a payload that must be the one its header names: each by the header's agent,
  /// and each id once.
  package static func openTraces(
    _ payload: [UInt8], expecting header: BatchHeader, maximumBytes: Int = maximumPayloadBytes
  ) throws(TraceError) -> [PublicTrace] {
    let content = try openContent(payload, maximumBytes: maximumBytes)
    return try traces(of: content, expecting: header, maximumBytes: maximumBytes)
  }

  static func traces(
    of content: [UInt8], expecting header: BatchHeader, maximumBytes: Int
  ) throws(TraceError) -> [PublicTrace] {
    var traces: [PublicTrace] = []
    var ids: Set<TraceID> = []
    let parts = try parts(of: content, expecting: header, maximumBytes: maximumBytes)
    for (index, part) in parts.enumerated() {
      let trace: PublicTrace
      do throws(TraceError) {
        trace = try PublicTrace.open(part, in: header)
      } catch {
        throw TraceError(
          "traces[\(index)].\(error.field)", found: error.found, expected: error.expected)
      }
      guard ids.insert(trace.id).inserted else {
        throw TraceError("traces[\(index)].id", found: "\(trace.id) twice", expected: "once")
      }
      traces.append(trace)
    }
    return traces
  }

  /// Checks a batch as a whole: header, payload, and every trace.
  package static func verify(
    signedHeader: [UInt8], payload: [UInt8]
  ) throws(TraceError) -> (header: BatchHeader, traces: [PublicTrace]) {
    let header = try BatchHeader.verify(signedHeader)
    return (header, try openTraces(payload, expecting: header))
  }

  private static func parts(
    _ content: [UInt8], _ maximumBytes: Int
  ) throws(TraceError) -> [[UInt8]] {
    let value: CBOR
    do throws(CBORError) {
      let limits = CBOR.Limits(bytes: maximumBytes, items: maximumTraces + 1, depth: 2)
      value = try CBOR.decode(content, limits: limits)
    } catch {
      throw TraceError(error, in: "batch.payload")
    }
    guard case .array(let items) = value else {
      throw TraceError("batch.payload", found: value.kind, expected: "an array")
    }
    var parts: [[UInt8]] = []
    for item in items {
      guard case .bytes(let bytes) = item else {
        throw TraceError("batch.payload", found: item.kind, expected: "byte strings")
      }
      parts.append(bytes)
    }
    return parts
  }
}
