import CBOR
import Corpus
import TransparencyLog

/// Shows a stranger that one trace is in a log: offline, and without the other traces of its batch.
///
/// The trace's public part leads to the root in its batch's signed header, and the header to the
/// root in a checkpoint that the log signed.
package struct TraceProof: Equatable, Sendable {
  package static let formatVersion = 1
  package static let maximumBytes = 64 << 10

  /// The leaf of the log.
  package let signedHeader: [UInt8]
  /// The trace's place in the batch, from 0.
  package let index: Int
  /// From the trace's sibling up to the child of the batch's root.
  package let path: [TreeHash]
  /// The public part, which the header's signature covers.
  package let part: [UInt8]
  /// C2SP tlog-proof of the header.
  package let receipt: String

  /// What a proof shows.
  package struct Finding: Equatable, Sendable {
    package let trace: PublicTrace
    package let header: BatchHeader
    package let checkpoint: Checkpoint
    /// The signed checkpoint, with its cosignatures.
    package let note: SignedNote
    /// The leaf's number in the log.
    package let leafIndex: UInt64
  }

  /// The proof of one trace from the signed public parts of its batch, in their order.
  package init(
    of index: Int, in publicParts: [[UInt8]], signedHeader: [UInt8], receipt: String
  ) throws {
    let header = try BatchHeader.verify(signedHeader)
    guard case .tree(let root) = header.contents else {
      throw TraceError(
        "batch.format version", found: "1", expected: "2, whose traces can be shown one by one")
    }
    let parts = try publicParts.map(PublicTrace.withoutSignature)
    guard parts.indices.contains(index), BatchTree.root(of: parts) == root else {
      throw TraceError(
        "batch.root", found: "other traces than the header names", expected: "\(root)")
    }
    self.signedHeader = signedHeader
    self.index = index
    self.receipt = receipt
    path = try BatchTree.path(to: index, in: parts)
    part = parts[index]
  }

  package func encode() -> [UInt8] {
    let value: CBOR = [
      1: .integer(Self.formatVersion), 2: .bytes(signedHeader), 3: .integer(index),
      4: .array(path.map { .bytes($0.bytes) }), 5: .bytes(part), 6: .text(receipt),
    ]
    return value.encode()
  }

  /// Decodes a proof without believing it.
  package init(encoded bytes: [UInt8]) throws(TraceError) {
    do throws(CBORError) {
      let limits = CBOR.Limits(bytes: Self.maximumBytes, items: 64, depth: 3)
      var fields = try CBORFields(decoding: bytes, record: "proof", limits: limits)
      _ = try fields.int(1, "format version", Self.formatVersion...Self.formatVersion)
      signedHeader = try fields.bytes(2, "header", 0...BatchHeader.maximumBytes)
      index = try fields.int(3, "index", 0...Batch.maximumTraces - 1)
      var path: [TreeHash] = []
      for item in try fields.array(4, "path", maximumCount: 16) {
        guard case .bytes(let bytes) = item, let hash = TreeHash(bytes: bytes) else {
          throw fields.error("path", found: item.kind, expected: "32 bytes")
        }
        path.append(hash)
      }
      self.path = path
      part = try fields.bytes(5, "public part", 0...PublicTrace.maximumBytes)
      receipt = try fields.text(6, "receipt", maximumBytes: Self.maximumBytes)
      try fields.finish()
    } catch {
      throw TraceError(error, in: "proof")
    }
  }

  /// Checks every step from the trace to the checkpoint, which has to be signed by `log`.
  package func verify(by log: NoteVerifier) throws(TraceError) -> Finding {
    let header = try BatchHeader.verify(signedHeader)
    guard case .tree(let root) = header.contents else {
      throw TraceError("proof.header.format version", found: "1", expected: "2")
    }
    guard header.origin == log.name else {
      throw TraceError("proof.header.origin", found: header.origin, expected: log.name)
    }
    let inclusion = InclusionProof(
      leafIndex: UInt64(index), treeSize: UInt64(header.count), path: path)
    if let reason = inclusion.check(leaf: .leaf(part), root: root).reason {
      throw TraceError(
        "proof.path", found: reason, expected: "a path to the root in the batch's header")
    }
    let trace = try PublicTrace.open(part, in: header)
    let proof: LogProof
    do throws(NoteError) {
      proof = try LogProof(encoded: Array(receipt.utf8))
    } catch {
      throw TraceError(
        "proof.receipt.\(error.field)", found: error.found, expected: error.expected)
    }
    switch proof.verify(entry: signedHeader, by: log) {
    case .invalid(let reason):
      throw TraceError(
        "proof.receipt", found: reason, expected: "the header in a checkpoint by \(log.vkey)")
    case .valid(let checkpoint):
      return Finding(
        trace: trace, header: header, checkpoint: checkpoint, note: proof.note,
        leafIndex: proof.leafIndex)
    }
  }
}
