import GGUF
import Kernels

/// A low-rank change of a decoder's matrices (LoRA, arXiv 2106.09685): W x becomes W x + s B (A x).
///
/// The base model's product keeps its bits; what an adapter adds is computed in float32. A request names
/// its adapters, so rows of one batch may see different ones. Keys and values that were computed with an
/// adapter belong to it: a segment is filled with the same adapters throughout.
package final class LoRAAdapter: @unchecked Sendable {
  /// Adapters that one request may name.
  package static let limit = 2

  package let path: String
  /// The largest rank of its matrices.
  let rank: Int
  let layers: [Layer]
  private let model: ObjectIdentifier

  /// What changes one matrix.
  struct Pair {
    /// A: (rank, columns).
    let down: PackedMatrix
    /// B: (rows, rank).
    let up: PackedMatrix
    let scale: Float
  }

  /// The changes of one layer; nil where there are none.
  struct Layer {
    var queryKeyValue: [Pair?] = [nil, nil, nil]
    var attentionOutput: Pair?
    var gateUp: [Pair?] = [nil, nil]
    var down: Pair?
  }

  func isMade(for other: LanguageModel) -> Bool { model == ObjectIdentifier(other) }

  /// Opens a GGUF file that holds an adapter of `model`.
  package static func load(path: String, model: LanguageModel) throws -> LoRAAdapter {
    try load(file: GGUFFile(path: path), model: model)
  }

  /// Uses an open file; an error names the field or tensor that does not fit the model.
  package static func load(file: GGUFFile, model: LanguageModel) throws -> LoRAAdapter {
    try LoRAAdapter(file, model)
  }

  private init(_ file: GGUFFile, _ model: LanguageModel) throws {
    let alpha = try file.loraAlpha(architecture: model.configuration.architecture.rawValue)
    path = file.path
    self.model = ObjectIdentifier(model)
    var source = AdapterSource(file: file, model: model, alpha: alpha)
    layers = try (0..<model.configuration.layers).map { try source.layer("blk.\($0).") }
    try source.finish()
    rank = source.rank
  }
}

/// Reads the pairs of an adapter's file, and remembers which of its tensors were asked for.
private struct AdapterSource {
  let model: LanguageModel
  let alpha: Float
  private var source: TensorSource
  /// The largest so far.
  private(set) var rank = 0

  init(file: GGUFFile, model: LanguageModel, alpha: Float) {
    self.model = model
    self.alpha = alpha
    source = TensorSource(file, backend: model.backend)
  }

  func finish() throws { try source.finish() }

  mutating func layer(_ block: String) throws -> LoRAAdapter.Layer {
    let (c, isFused) = (model.configuration, model.features.hasFusedTensors)
    var layer = LoRAAdapter.Layer()
    let heads = [c.queryWidth, c.keyValueWidth, c.keyValueWidth]
    let feedForward = [c.feedForward, c.feedForward]
    if isFused {
      layer.queryKeyValue = try pairs(block + "attn_qkv.weight", rows: heads, columns: c.width)
      layer.gateUp = try pairs(block + "ffn_up.weight", rows: feedForward, columns: c.width)
    } else {
      layer.queryKeyValue = try zip(["q", "k", "v"], heads).map { name, rows in
        try pairs("\(block)attn_\(name).weight", rows: [rows], columns: c.width)[0]
      }
      layer.gateUp = try zip(["gate", "up"], feedForward).map { name, rows in
        try pairs("\(block)ffn_\(name).weight", rows: [rows], columns: c.width)[0]
      }
    }
    layer.attentionOutput = try pairs(
      block + "attn_output.weight", rows: [c.width], columns: c.queryWidth)[0]
    layer.down = try pairs(
      block + "ffn_down.weight", rows: [c.width], columns: c.feedForward)[0]
    return layer
  }

  /// The changes of the matrices in one tensor of the model, which have `rows` rows; nil for none.
  private mutating func pairs(
    _ name: String, rows: [Int], columns: Int
  ) throws -> [LoRAAdapter.Pair?] {
    let (downName, upName) = (name + ".lora_a", name + ".lora_b")
    guard source.has(downName) || source.has(upName) else { return rows.map { _ in nil } }
    let info = try source.file.tensor(downName)
    for part in [info, try source.file.tensor(upName)]
    where ![.f32, .f16, .bf16].contains(part.type) {
      throw source.error(
        part.name, found: "type \(part.type.name)", expected: "F32, F16 or BF16")
    }
    let own = info.rows
    guard own > 0, own <= min(columns, rows.reduce(0, +)) else {
      throw source.error(downName, found: "rank \(own)", expected: "at most that of the matrix")
    }
    rank = max(rank, own)
    let down = try source.matrix(downName, rows: own, columns: columns)
    // As llama.cpp does: without alpha the change counts as it is.
    let scale = alpha == 0 ? 1 : alpha / Float(own)
    return try source.matrices(upName, rows: rows, columns: own).map {
      LoRAAdapter.Pair(down: down, up: $0, scale: scale)
    }
  }
}

/// Rows of a chunk, and the adapters that they see.
struct AdaptedRows {
  let rows: Range<Int>
  let adapters: [LoRAAdapter]

  init(_ rows: Range<Int>, _ adapters: [LoRAAdapter]) {
    self.rows = rows
    self.adapters = adapters
  }

  /// The rows that lie in `part`; nil if none do.
  func clamped(to part: Range<Int>) -> AdaptedRows? {
    let own = rows.clamped(to: part)
    return own.isEmpty ? nil : AdaptedRows(own, adapters)
  }
}
