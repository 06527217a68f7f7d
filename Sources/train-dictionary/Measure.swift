import CBOR
import Foundation
import GRDB
import Trace
import Zstd

/// What the shipped dictionary saves on the traces of a store, and what any dictionary could.
///
/// Hashes, keys, salts and signatures are taken out first. Of what is left a dictionary may hold all
/// structure and all text, but not the binary digits of measured numbers below the highest one: no
/// trace gets smaller than those of its different numbers and the frame around them.
func measure(store path: String) throws {
  var configuration = Configuration()
  configuration.readonly = true
  let stored = try DatabaseQueue(path: path, configuration: configuration).read {
    try Data.fetchAll($0, sql: "SELECT stored FROM traces").map { Array($0) }
  }
  let traces = try stored.map { try CBOR.decode(TraceCodec.unpack($0)) }
  let publicParts = try traces.map { trace in
    guard case .map(let fields) = trace, case .bytes(let part)? = fields[1] else {
      throw CBORError(.wrongField, field: "trace", found: trace.kind, expected: "a public part")
    }
    return try CBOR.decode(COSESign1.decode(part).payload)
  }
  let dictionary = try TraceDictionary.current.digested()
  for (name, contents) in [("whole traces", traces), ("public parts", publicParts)] {
    let stripped = contents.map(\.withoutHashes)
    let sizes = try CompressedSizes(stripped.map { $0.encode() }, dictionary: dictionary)
    let least = stripped.reduce(0.0) { sum, content in
      var numbers: Set<UInt64> = []
      content.collectNumbers(into: &numbers)
      let bits = numbers.reduce(0) { $0 + UInt64.bitWidth - 1 - $1.leadingZeroBitCount }
      return sum + Double(bits) / 8 + frameByteCount
    }
    let count = Double(max(1, contents.count))
    func bytes(_ sum: Double) -> String { String(format: "%.1f", sum / count) }
    print(
      """
      \(contents.count) \(name) without hashes, bytes each: \(bytes(Double(sizes.whole))), \
      zstd -19 \(bytes(Double(sizes.plain))), with the dictionary \
      \(bytes(Double(sizes.withDictionary))) (\(ratio(sizes.plain, Double(sizes.withDictionary)))); \
      numbers and frame \(bytes(least)): no dictionary reaches more than \
      \(ratio(sizes.plain, least))
      """)
  }
}

/// Magic number, descriptor, content size and the head of a block, without a dictionary's id.
private let frameByteCount = 9.0

private func ratio(_ plain: Int, _ other: Double) -> String {
  String(format: "%.2f times smaller", Double(plain) / max(1, other))
}

extension CBOR {
  /// The value with every byte string emptied that does not hold CBOR itself.
  fileprivate var withoutHashes: CBOR {
    switch self {
    case .bytes(let bytes):
      let inner = [8, 16, 32, 64].contains(bytes.count) ? nil : try? CBOR.decode(bytes)
      return inner?.withoutHashes ?? .bytes([])
    case .array(let items): return .array(items.map(\.withoutHashes))
    case .map(let map): return .map(CBORMap(map.pairs.map { ($0.key, $0.value.withoutHashes) }))
    case .tagged(let tag, let value): return .tagged(tag, value.withoutHashes)
    default: return self
    }
  }

  /// The magnitudes above 255.
  fileprivate func collectNumbers(into numbers: inout Set<UInt64>) {
    switch self {
    case .unsigned(let value), .negative(let value): if value > 255 { numbers.insert(value) }
    case .array(let items): for item in items { item.collectNumbers(into: &numbers) }
    case .map(let map): for pair in map.pairs { pair.value.collectNumbers(into: &numbers) }
    case .tagged(_, let value): value.collectNumbers(into: &numbers)
    default: break
    }
  }
}
