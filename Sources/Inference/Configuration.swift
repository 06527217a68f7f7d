import GGUF

/// The shape of a model, read from a GGUF file's metadata and checked.
package struct Configuration: Sendable, Equatable {
  package enum Architecture: String, Sendable, CaseIterable {
    /// A decoder: pre-norm, rotary positions, grouped-query attention, gated feed-forward.
    case llama
    /// An encoder: post-norm, learned positions, attention in both directions.
    case bert
  }

  package let architecture: Architecture
  package let name: String
  package let layers: Int
  /// The length of a token's vector between layers.
  package let width: Int
  package let heads: Int
  /// Heads of keys and values; each serves `heads / keyValueHeads` query heads.
  package let keyValueHeads: Int
  package let headDimension: Int
  package let feedForward: Int
  package let vocabulary: Int
  /// The number of positions; a token's position is below it.
  package let contextLength: Int
  package let normEpsilon: Float
  /// Nil for an architecture with learned positions.
  package let rope: Rope?

  /// Rotary position embedding (https://arxiv.org/abs/2104.09864).
  package struct Rope: Sendable, Equatable {
    package let frequencyBase: Float
    /// How many leading numbers of each head are rotated; the others stay as they are.
    package let rotated: Int
    /// Positions are divided by it (linear scaling); 1 for most models.
    package let positionScale: Float
  }

  /// Values of one token and layer that are cached, keys and values each.
  package var keyValueWidth: Int { keyValueHeads * headDimension }
  package var queryWidth: Int { heads * headDimension }
}

extension Configuration {
  /// Reads and checks the metadata; the error names the field that is missing or makes no sense.
  package init(_ file: GGUFFile) throws {
    let name = try file.string("general.architecture")
    guard let architecture = Architecture(rawValue: name) else {
      let expected = Architecture.allCases.map(\.rawValue).joined(separator: " or ")
      throw InferenceError.unsupportedArchitecture(
        file: file.path, name: name, expected: expected)
    }
    let fields = ModelFields(file: file, prefix: name)
    try fields.refuseUnsupported(architecture)
    let width = try fields.positive("embedding_length", atMost: 1 << 20)
    let heads = try fields.positive("attention.head_count", atMost: 1 << 12)
    self.architecture = architecture
    self.name = try file.optionalString("general.name") ?? name
    self.width = width
    self.heads = heads
    layers = try fields.positive("block_count", atMost: 1 << 12)
    feedForward = try fields.positive("feed_forward_length", atMost: 1 << 22)
    contextLength = try fields.positive("context_length", atMost: 1 << 26)
    vocabulary = try fields.vocabulary()
    keyValueHeads = try fields.keyValueHeads(heads: heads)
    headDimension = try fields.headDimension(width: width, heads: heads)
    switch architecture {
    case .llama:
      normEpsilon = try fields.epsilon("attention.layer_norm_rms_epsilon")
      rope = try fields.rope(headDimension: headDimension)
    case .bert:
      normEpsilon = try fields.epsilon("attention.layer_norm_epsilon")
      rope = nil
    }
  }
}

/// Typed and bounded access to the metadata keys `<architecture>.<field>`.
private struct ModelFields {
  let file: GGUFFile
  let prefix: String

  private func key(_ field: String) -> String { "\(prefix).\(field)" }

  private func error(_ field: String, _ found: some Any, _ expected: String) -> GGUFError {
    GGUFError(file: file.path, field: key(field), found: "\(found)", expected: expected)
  }

  func positive(_ field: String, atMost limit: Int) throws -> Int {
    try checked(field, file.int(key(field)), 1...limit)
  }

  private func optional(_ field: String, in range: ClosedRange<Int>) throws -> Int? {
    try file.optionalInt(key(field)).map { try checked(field, $0, range) }
  }

  private func checked(_ field: String, _ value: Int, _ range: ClosedRange<Int>) throws -> Int {
    guard range.contains(value) else {
      throw error(field, value, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func epsilon(_ field: String) throws -> Float {
    let value = try file.float(key(field))
    guard value >= 0, value < 1 else { throw error(field, value, "a number from 0 to below 1") }
    return value
  }

  /// The token embedding's rows say how large the vocabulary is; `vocab_size` may not differ.
  func vocabulary() throws -> Int {
    let rows = try file.tensor("token_embd.weight").rows
    guard rows > 0, rows <= Int(Int32.max) else {
      throw GGUFError(
        file: file.path, field: "token_embd.weight", found: "\(rows) rows",
        expected: "one row per token")
    }
    if let size = try file.optionalInt(key("vocab_size")), size != rows {
      throw error("vocab_size", size, "\(rows), the rows of token_embd.weight")
    }
    return rows
  }

  func keyValueHeads(heads: Int) throws -> Int {
    let field = "attention.head_count_kv"
    let count = try optional(field, in: 1...heads) ?? heads
    guard heads % count == 0 else { throw error(field, count, "a divisor of \(heads) heads") }
    return count
  }

  func headDimension(width: Int, heads: Int) throws -> Int {
    let keys = try optional("attention.key_length", in: 1...(1 << 12))
    let values = try optional("attention.value_length", in: 1...(1 << 12))
    if let keys, keys != values ?? keys {
      throw error("attention.value_length", values ?? 0, "\(keys), the length of keys")
    }
    if let length = keys ?? values { return length }
    guard width % heads == 0 else {
      throw error("attention.head_count", heads, "a divisor of the embedding length \(width)")
    }
    return width / heads
  }

  func rope(headDimension: Int) throws -> Configuration.Rope {
    let rotated = try optional("rope.dimension_count", in: 0...headDimension) ?? headDimension
    guard rotated % 2 == 0 else {
      throw error("rope.dimension_count", rotated, "an even number: pairs are rotated")
    }
    let base = try file.optionalFloat(key("rope.freq_base")) ?? 10_000
    guard base > 0, base.isFinite else { throw error("rope.freq_base", base, "a positive number") }
    return Configuration.Rope(
      frequencyBase: base, rotated: rotated, positionScale: try positionScale())
  }

  private func positionScale() throws -> Float {
    let type = try file.optionalString(key("rope.scaling.type")) ?? "none"
    guard ["none", "linear"].contains(type) else {
      throw error("rope.scaling.type", type, "none or linear")
    }
    let factor = try file.optionalFloat(key("rope.scaling.factor")) ?? 1
    guard factor >= 1, factor.isFinite else {
      throw error("rope.scaling.factor", factor, "a number of at least 1")
    }
    return type == "linear" ? factor : 1
  }

  /// Refuses what would be computed wrongly if it were ignored.
  func refuseUnsupported(_ architecture: Configuration.Architecture) throws {
    if let experts = try file.optionalInt(key("expert_count")), experts > 0 {
      throw error("expert_count", experts, "0: mixtures of experts are not supported")
    }
    guard architecture == .bert else { return }
    if try file.optionalBool(key("attention.causal")) == true {
      throw error("attention.causal", true, "false")
    }
    if let pooling = try file.optionalInt(key("pooling_type")), pooling != 1 {
      throw error("pooling_type", pooling, "1, mean pooling")
    }
  }
}
