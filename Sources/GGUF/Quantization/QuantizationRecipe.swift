/// How a whole model is quantised: a form for most matrices, and rules for those that need more bits.
///
/// Names, `general.file_type` numbers and rules are those of llama.cpp (llama.h, `llama_ftype`;
/// llama-quant.cpp, without an importance matrix and without experts).
package struct QuantizationRecipe: Sendable, Equatable {
  /// As it is written on the command line, such as `Q4_K_M`.
  package let name: String
  /// The value of `general.file_type`.
  package let fileType: UInt32
  /// The form of a matrix that no rule names.
  package let base: TensorType

  package static let all: [QuantizationRecipe] = [
    .init(name: "F32", fileType: 0, base: .f32), .init(name: "F16", fileType: 1, base: .f16),
    .init(name: "BF16", fileType: 32, base: .bf16), .init(name: "Q8_0", fileType: 7, base: .q8_0),
    .init(name: "Q4_0", fileType: 2, base: .q4_0), .init(name: "Q4_1", fileType: 3, base: .q4_1),
    .init(name: "Q5_0", fileType: 8, base: .q5_0), .init(name: "Q5_1", fileType: 9, base: .q5_1),
    .init(name: "IQ4_NL", fileType: 25, base: .iq4_nl),
    .init(name: "Q2_K", fileType: 10, base: .q2_K),
    .init(name: "Q3_K_S", fileType: 11, base: .q3_K),
    .init(name: "Q3_K_M", fileType: 12, base: .q3_K),
    .init(name: "Q3_K_L", fileType: 13, base: .q3_K),
    .init(name: "Q4_K_S", fileType: 14, base: .q4_K),
    .init(name: "Q4_K_M", fileType: 15, base: .q4_K),
    .init(name: "Q5_K_S", fileType: 16, base: .q5_K),
    .init(name: "Q5_K_M", fileType: 17, base: .q5_K),
    .init(name: "Q6_K", fileType: 18, base: .q6_K),
  ]

  /// The recipe of that name in any case; `Q3_K`, `Q4_K` and `Q5_K` mean the medium mix.
  package init?(named name: String) {
    let name = name.uppercased()
    let full = ["Q3_K", "Q4_K", "Q5_K"].contains(name) ? name + "_M" : name
    guard let found = Self.all.first(where: { $0.name == full }) else { return nil }
    self = found
  }

  init(name: String, fileType: UInt32, base: TensorType) {
    self.name = name
    self.fileType = fileType
    self.base = base
  }
}

// MARK: - Rules

extension QuantizationRecipe {
  /// What the rules depend on besides a tensor itself.
  fileprivate struct Model {
    let architecture: String
    let layers: Int
    let heads: Int
    let keyValueHeads: Int
    /// Whether the token embedding is the output matrix too.
    let hasTiedEmbedding: Bool
    /// How many tensors hold attention values.
    let valueTensors: Int

    var sharesValues: Bool { keyValueHeads > 0 && heads / keyValueHeads >= 4 }

    /// The one shape whose value matrices llama.cpp always gives five bits.
    var hasEightyLayersOfSharedValues: Bool {
      layers == 80 && heads != keyValueHeads && ["llama", "qwen2"].contains(architecture)
    }
  }

  /// What a tensor does, as far as the rules tell tensors apart.
  fileprivate enum Role {
    case output, tokenEmbedding, attentionValue, attentionOutput, feedForwardDown, other

    init(_ name: String) {
      if name == "output.weight" {
        self = .output
      } else if name == "token_embd.weight" {
        self = .tokenEmbedding
      } else if name.contains("attn_qkv.weight") || name.contains("attn_v.weight") {
        self = .attentionValue
      } else if name.contains("attn_output.weight") {
        self = .attentionOutput
      } else if name.contains("ffn_down") {
        self = .feedForwardDown
      } else {
        self = .other
      }
    }
  }

  /// Whether a tensor is stored in the recipe's forms at all: matrices of weights, but no norms,
  /// positions, token types or routers.
  private static func quantises(_ name: String, shape: [Int]) -> Bool {
    let exceptions = ["position_embd.weight", "token_types.weight"]
    return shape.dropFirst().contains { $0 > 1 } && name.hasSuffix("weight")
      && !name.contains("_norm.weight") && !name.contains("ffn_gate_inp.weight")
      && !name.contains("attn_rel_b.weight") && !exceptions.contains(name)
  }

  /// The form that the rules ask for, whatever the row length.
  ///
  /// - Parameter index: how many tensors of the same role come before it, in the order of layers.
  private func preferred(_ role: Role, rowLength: Int, index: Int, in model: Model) -> TensorType {
    guard base.blockLength > 1 else { return base }
    switch role {
    case .output: return outputForm(rowLength)
    case .tokenEmbedding: return model.hasTiedEmbedding ? outputForm(rowLength) : base
    case .attentionValue:
      let form = valueForm(index, model)
      let isLow = form == .q3_K || form == .q4_K
      return model.hasEightyLayersOfSharedValues && isLow ? .q5_K : form
    case .feedForwardDown: return downForm(index, model.layers)
    case .attentionOutput:
      return switch name {
      case "Q2_K": .q3_K
      case "Q3_K_M": .q4_K
      case "Q3_K_L": .q5_K
      default: base
      }
    case .other: return base
    }
  }

  private func outputForm(_ rowLength: Int) -> TensorType {
    rowLength % base.blockLength != 0 || base == .q8_0 ? .q8_0 : .q6_K
  }

  private func valueForm(_ index: Int, _ model: Model) -> TensorType {
    switch name {
    case "Q2_K": model.sharesValues ? .q4_K : .q3_K
    case "Q3_K_M": index < 2 ? .q5_K : .q4_K
    case "Q3_K_L": .q5_K
    case "IQ4_NL": model.sharesValues ? .q5_K : base
    case "Q4_K_M", "Q5_K_M": Self.usesMoreBits(index, model.valueTensors) ? .q6_K : base
    case "Q4_K_S": index < 4 ? .q5_K : base
    default: base
    }
  }

  private func downForm(_ index: Int, _ layers: Int) -> TensorType {
    switch name {
    case "Q2_K": .q3_K
    case "Q3_K_M": index < layers / 16 ? .q5_K : .q4_K
    case "Q3_K_L": .q5_K
    case "Q4_K_M", "Q5_K_M": Self.usesMoreBits(index, layers) ? .q6_K : base
    case "Q4_K_S", "IQ4_NL": index < layers / 8 ? .q5_K : base
    default: base
    }
  }

  /// The first and the last eighth of the layers, and every third between them.
  private static func usesMoreBits(_ index: Int, _ count: Int) -> Bool {
    index < count / 8 || index >= 7 * count / 8 || (index - count / 8) % 3 == 2
  }

  /// The form that a row of this length can have: `preferred`, or the nearest with smaller blocks.
  private static func fitting(_ preferred: TensorType, rowLength: Int) -> TensorType {
    if rowLength % preferred.blockLength == 0 { return preferred }
    let smaller: TensorType =
      switch preferred {
      case .q2_K, .q3_K: .q4_0
      case .q4_K: .q5_0
      case .q5_K: .q5_1
      case .q6_K: .q8_0
      default: .f16
      }
    return rowLength % smaller.blockLength == 0 ? smaller : .f16
  }
}

// MARK: - All tensors

extension QuantizationRecipe {
  /// The form of every tensor that is stored in the recipe's forms; the others are not named.
  ///
  /// `instead` is what the rules ask for where rows are not whole blocks of it.
  package func forms(
    of tensors: [(name: String, shape: [Int])], architecture: String, layers: Int, heads: Int,
    keyValueHeads: Int
  ) -> [String: (type: TensorType, instead: TensorType?)] {
    let roles = tensors.map { Role($0.name) }
    let model = Model(
      architecture: architecture, layers: layers, heads: heads, keyValueHeads: keyValueHeads,
      hasTiedEmbedding: !roles.contains(.output),
      valueTensors: roles.count { $0 == .attentionValue })
    var counts: [Role: Int] = [:]
    var forms: [String: (type: TensorType, instead: TensorType?)] = [:]
    let inOrder = tensors.map { (layer: Self.layer($0.name), tensor: $0) }
      .sorted { ($0.layer, $0.tensor.name) < ($1.layer, $1.tensor.name) }
    for (_, tensor) in inOrder where Self.quantises(tensor.name, shape: tensor.shape) {
      let role = Role(tensor.name)
      let asked = preferred(
        role, rowLength: tensor.shape[0], index: counts[role, default: 0], in: model)
      counts[role, default: 0] += 1
      let form = Self.fitting(asked, rowLength: tensor.shape[0])
      forms[tensor.name] = (form, form == asked ? nil : asked)
    }
    return forms
  }

  /// The number in `blk.7.attn_q.weight`; -1 for tensors of no layer, which come first.
  private static func layer(_ name: String) -> Int {
    let parts = name.split(separator: ".", maxSplits: 2)
    return parts.count > 2 && parts[0] == "blk" ? Int(parts[1]) ?? -1 : -1
  }
}
