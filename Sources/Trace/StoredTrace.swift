import CBOR
import Corpus

/// The decompressed content of a stored trace, decoded but not yet believed.
///
/// Beside each leaf stand the first bytes of its hash. The signature covers the root alone; these
/// marks only serve to say which leaf a wrong root comes from.
struct StoredTrace {
  static let markByteCount = 8

  let publicBytes: [UInt8]
  let secret: PrivateTrace
  private let marks: [[UInt8]]

  init(_ content: [UInt8]) throws(TraceError) {
    do throws(CBORError) {
      let limits = CBOR.Limits(bytes: TraceCodec.maximumBytes, items: 64, depth: 4)
      var fields = try CBORFields(decoding: content, record: "trace", limits: limits)
      publicBytes = try fields.bytes(1, "public", 0...PublicTrace.maximumBytes)
      guard let bytes = TraceSecret(bytes: try fields.bytes(2, "secret", count: 32)) else {
        throw fields.error("secret", found: "another length", expected: "32 bytes")
      }
      var (leaves, marks): ([PrivateLeaf], [[UInt8]]) = ([], [])
      let items = try fields.array(3, "leaves", maximumCount: PrivateField.allCases.count)
      guard items.count == PrivateField.allCases.count else {
        throw fields.error("leaves", found: "\(items.count)", expected: "one for each field")
      }
      for (field, item) in zip(PrivateField.allCases, items) {
        guard case .array(let parts) = item, parts.count == 2, case .bytes(let value) = parts[0],
          case .bytes(let mark) = parts[1], mark.count == Self.markByteCount
        else { throw fields.error("\(field)", found: item.kind, expected: "[value, mark]") }
        leaves.append(PrivateLeaf(field: field, value: value))
        marks.append(mark)
      }
      try fields.finish()
      secret = PrivateTrace(secret: bytes, leaves: leaves)
      self.marks = marks
    } catch {
      throw TraceError(error, in: "trace")
    }
  }

  /// Checks the signature, then every leaf, then what the fields say about each other.
  func verdict(agent: ContributorKey?) -> TraceVerdict {
    do throws(TraceError) {
      let part = try PublicTrace.verify(publicBytes, agent: agent)
      let problems = problemsOfCommitments(part)
      guard problems.isEmpty else { return .damaged(problems) }
      let record = try record(part)
      if let problem = record.inconsistency() { return .damaged([problem]) }
      let derived = record.publicPart(agent: part.agent, privateRoot: part.privateRoot)
      if derived != part { return .damaged([difference(part, derived)]) }
      return .valid(part)
    } catch {
      return .damaged([error])
    }
  }

  /// The record that the leaves hold.
  func record(_ part: PublicTrace) throws(TraceError) -> TraceRecord {
    var record = TraceRecord(
      secret: secret.secret, created: 0, engineVersion: part.engineVersion, model: part.model,
      modelName: "", mode: part.mode, question: "", answer: "",
      ownKnowledgePPM: part.ownKnowledgePPM)
    record.companions = part.companions
    for leaf in secret.leaves {
      let value = try leaf.decoded()
      do throws(CBORError) {
        try record.read(leaf.field, from: value)
      } catch {
        throw TraceError(error, in: leaf.field.path)
      }
    }
    return record
  }

  private func problemsOfCommitments(_ part: PublicTrace) -> [TraceError] {
    if secret.secret.id != part.id {
      return [TraceError("private.secret", found: "one of another trace", expected: "\(part.id)'s")]
    }
    let hashes = secret.hashes
    if PrivateLeaf.root(of: hashes) == part.privateRoot {
      return zip(zip(PrivateField.allCases, hashes), marks).compactMap { leaf, mark in
        leaf.1.bytes.starts(with: mark)
          ? nil
          : TraceError("\(leaf.0.path).mark", found: "other bytes", expected: "its hash's start")
      }
    }
    let damaged = zip(zip(PrivateField.allCases, hashes), marks).compactMap { leaf, mark in
      leaf.1.bytes.starts(with: mark) ? nil : leaf.0
    }
    guard !damaged.isEmpty else {
      return [
        TraceError(
          "private leaves", found: "values that were never committed to",
          expected: "the root \(part.privateRoot)")
      ]
    }
    return damaged.map {
      TraceError($0.path, found: "another value", expected: "the one that was committed to")
    }
  }

  private func difference(_ part: PublicTrace, _ derived: PublicTrace) -> TraceError {
    func error(_ field: String) -> TraceError {
      TraceError(
        "public.\(field)", found: "one that the private fields contradict",
        expected: "what follows from them")
    }
    if part.created != derived.created { return error("created") }
    if part.shardRoots != derived.shardRoots { return error("shard roots") }
    return error("shares")
  }
}
