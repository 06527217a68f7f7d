import CBOR
import Corpus

extension TraceRecord {
  /// Where `replayed` departs from this record: each field that differs, at its first difference.
  ///
  /// Compares the encoded bytes of everything that is signed or committed to. Time and cost of the answer
  /// belong to the machine that gave it and are no part of a replay.
  package func differences(in replayed: TraceRecord) -> [TraceError] {
    var differences: [TraceError] = []
    func compare(_ field: String, _ found: CBOR, _ recorded: CBOR, parts: [String] = []) {
      if found.encode() == recorded.encode() { return }
      differences.append(
        Difference(field, parts: parts).between(found: found, expected: recorded))
    }
    compare("public.engine version", .integer(replayed.engineVersion), .integer(engineVersion))
    compare("public.model", .bytes(replayed.model.bytes), .bytes(model.bytes))
    compare(
      "public.companions", .array(replayed.companions.map { .bytes($0.bytes) }),
      .array(companions.map { .bytes($0.bytes) }))
    compare("public.mode", .text(replayed.mode.rawValue), .text(mode.rawValue))
    compare(
      "public.own knowledge", .integer(replayed.ownKnowledgePPM), .integer(ownKnowledgePPM))
    compare(
      "private.adapters", .array(replayed.adapters.map(\.cbor)), .array(adapters.map(\.cbor)),
      parts: ["shard", "name", "sha256", "player", "share"])
    for field in PrivateField.allCases where field != .created && field != .timing {
      if field == .documentShares {
        // The leaf holds the adapters as well, which are compared by their own names.
        compare(
          field.path, .array(replayed.documentShares.map(\.cbor)),
          .array(documentShares.map(\.cbor)), parts: field.parts)
        continue
      }
      compare(field.path, replayed.value(of: field), value(of: field), parts: field.parts)
    }
    return differences
  }
}

/// The first difference of two values and its place.
private struct Difference {
  let path: String
  /// Names of the parts of each element of a list of records.
  let parts: [String]

  init(_ path: String, parts: [String]) {
    self.path = path
    self.parts = parts
  }

  func between(found: CBOR, expected: CBOR) -> TraceError {
    guard case .array(let left) = found, case .array(let right) = expected else {
      return TraceError(path, found: words(found), expected: words(expected))
    }
    for (index, pair) in zip(left, right).enumerated() where pair.0 != pair.1 {
      return element(index).between(found: pair.0, expected: pair.1)
    }
    return TraceError(path, found: "\(left.count) elements", expected: "\(right.count)")
  }

  /// `coalitions[3]`, then `coalitions[3].tokens`, then `coalitions[3].tokens[5]`.
  private func element(_ index: Int) -> Difference {
    guard path.hasSuffix("]"), index < parts.count else {
      return Difference("\(path)[\(index)]", parts: parts)
    }
    return Difference("\(path).\(parts[index])", parts: [])
  }

  private func words(_ value: CBOR) -> String {
    switch value {
    case .bytes(let bytes): Hex.encode(bytes)
    case .text(let text): "'\(text)'"
    default: value.integer.map { "\($0)" } ?? value.kind
    }
  }
}

extension PrivateField {
  /// What the parts of the field's elements are called, in the order of `FORMAT.md`.
  fileprivate var parts: [String] {
    switch self {
    case .players: ["contributor", "name", "share", "influence", "standard error"]
    case .chunks: ["shard", "document", "start", "end", "sha256", "player", "rank"]
    case .coalitions: ["documents", "tokens"]
    case .labelScores: ["log probability", "bm25", "cosine", "chunk", "sentence"]
    case .citations: ["chunk", "sentence"]
    case .documentShares: ["chunk", "share"]
    default: []
    }
  }
}
