import GGUF

/// The shape of a model and the features of its family, read from a GGUF file's metadata and checked.
@dynamicMemberLookup
package struct Configuration: Sendable, Equatable {
  /// The values of `general.architecture` that the engine computes.
  package enum Architecture: String, Sendable, CaseIterable {
    case llama, qwen2, qwen3, phi3, gemma2, gemma3
    case bert
    case nomicBert = "nomic-bert"
  }

  /// What kind of network it is, and what its family adds to the common form.
  package enum Network: Sendable, Equatable {
    case decoder(DecoderFeatures)
    case encoder(EncoderFeatures)
  }

  package struct Shape: Sendable, Equatable {
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

    /// Values of one token and layer that are cached, keys and values each.
    package var keyValueWidth: Int { keyValueHeads * headDimension }
    package var queryWidth: Int { heads * headDimension }
  }

  package let architecture: Architecture
  package let name: String
  package let shape: Shape
  package let normEpsilon: Float
  package let network: Network

  /// The numbers of `shape` by their names.
  package subscript<T>(dynamicMember number: KeyPath<Shape, T>) -> T { shape[keyPath: number] }

  /// The features of a decoder, nil for an encoder.
  package var decoder: DecoderFeatures? {
    if case .decoder(let features) = network { features } else { nil }
  }

  /// The features of an encoder, nil for a decoder.
  package var encoder: EncoderFeatures? {
    if case .encoder(let features) = network { features } else { nil }
  }
}

extension Configuration {
  /// Reads and checks the metadata; the error names the field that is missing or makes no sense.
  ///
  /// `contextLength` says how many positions will be needed; nil stands for what the model was first
  /// trained for. Only models whose rotation depends on that length (longrope) care.
  package init(_ file: GGUFFile, contextLength: Int? = nil) throws {
    let name = try file.string("general.architecture")
    guard let architecture = Architecture(rawValue: name) else {
      let expected = Architecture.allCases.map(\.rawValue).joined(separator: ", ")
      throw InferenceError.unsupportedArchitecture(
        file: file.path, name: name, expected: "one of \(expected)")
    }
    let fields = ModelFields(file: file, prefix: name)
    try fields.refuseExperts()
    let shape = try Shape(fields, contextLength: contextLength)
    self.architecture = architecture
    self.name = try file.optionalString("general.name") ?? name
    self.shape = shape
    switch architecture {
    case .llama: network = .decoder(try .llama(fields, shape))
    case .qwen2: network = .decoder(try .qwen2(fields, shape))
    case .qwen3: network = .decoder(try .qwen3(fields, shape))
    case .phi3: network = .decoder(try .phi3(fields, shape))
    case .gemma2: network = .decoder(try .gemma2(fields, shape))
    case .gemma3: network = .decoder(try .gemma3(fields, shape))
    case .bert: network = .encoder(try .bert(fields, shape))
    case .nomicBert: network = .encoder(try .nomicBert(fields, shape))
    }
    let isDecoder = if case .decoder = network { true } else { false }
    let norm = isDecoder ? "layer_norm_rms_epsilon" : "layer_norm_epsilon"
    normEpsilon = try fields.epsilon("attention.\(norm)")
  }
}

extension Configuration.Shape {
  fileprivate init(_ fields: ModelFields, contextLength: Int?) throws {
    width = try fields.positive("embedding_length", atMost: 1 << 20)
    heads = try fields.positive("attention.head_count", atMost: 1 << 12)
    layers = try fields.positive("block_count", atMost: 1 << 12)
    feedForward = try fields.positive("feed_forward_length", atMost: 1 << 22)
    vocabulary = try fields.vocabulary()
    keyValueHeads = try fields.keyValueHeads(heads: heads)
    headDimension = try fields.headDimension(width: width, heads: heads)
    self.contextLength = try fields.contextLength(wanted: contextLength)
  }
}
