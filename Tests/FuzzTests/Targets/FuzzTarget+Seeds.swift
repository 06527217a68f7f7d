import GGUF

extension FuzzTarget {
  /// Valid inputs from which fuzzing starts.
  package var seeds: [[UInt8]] {
    switch self {
    case .gguf: [tensorFile()]
    case .model: architectures.map(configurationFile) + tokenizerModels.map(vocabularyFile)
    case .safetensors: [safetensorsFile]
    case .cbor: LogSeeds.cbor
    case .note: LogSeeds.note
    case .proof: LogSeeds.proof
    case .tile: LogSeeds.tile
    case .batch: LogSeeds.batch
    case .tokenizer: texts.enumerated().map { [UInt8($0.offset * 37 & 0xFF)] + $0.element.utf8 }
    }
  }
}

private let texts = [
  "Hello world", "don't\r\n\n  stop  ", "1234567 12.5e-3", "ÄÖü e\u{301} ﬁ 中文字 한국어 👩‍👩‍👧 \u{FEFF}",
  "<s>[CLS]<|im_start|>user\n<|endoftext|></s>", "▁▁the unable",
  "\u{0}\u{1}\u{7F}\u{200B}\u{10FFFF}",
]

/// Every metadata type and every tensor type that can be written.
private func tensorFile() -> [UInt8] {
  var writer = GGUFWriter()
  let values: [MetadataValue] = [
    .uint8(1), .int8(-1), .uint16(2), .int16(-2), .uint32(3), .int32(-3), .float32(1.5),
    .bool(true),
    .string("text"), .uint64(4), .int64(-4), .float64(2.5),
    .array(.init(strings: ["a", "", "bc"])),
    .array(.init(floats: [1, 2])), .array(.init(integers: [1, -2])),
  ]
  for (index, value) in values.enumerated() { writer.add("k\(index)", value) }
  writer.add("general.alignment", .uint32(32))
  for number in UInt32(0)..<64 {
    guard let type = TensorType(rawValue: number) else { continue }
    let bytes = (0..<type.blockBytes).map { UInt8(truncatingIfNeeded: $0 * 5) }
    // The shape fits by construction.
    try? writer.add(tensor: "t\(number)", shape: [type.blockLength], type: type, bytes: bytes)
  }
  return writer.encoded()
}

private let architectures = ["llama", "qwen2", "qwen3", "phi3", "gemma3", "bert"]

private func configurationFile(_ name: String) -> [UInt8] {
  var writer = GGUFWriter()
  writer.add("general.architecture", .string(name))
  let numbers: [(String, UInt32)] = [
    ("context_length", 64), ("embedding_length", 32), ("block_count", 2),
    ("feed_forward_length", 64), ("attention.head_count", 2), ("attention.head_count_kv", 1),
    ("attention.key_length", 16), ("attention.value_length", 16), ("vocab_size", 1),
    ("rope.dimension_count", 16), ("attention.sliding_window", 16), ("pooling_type", 1),
  ]
  for (key, value) in numbers { writer.add("\(name).\(key)", .uint32(value)) }
  for (key, value) in [
    ("attention.layer_norm_rms_epsilon", 1e-5), ("attention.layer_norm_epsilon", 1e-12),
    ("rope.freq_base", 10_000), ("rope.scaling.factor", 4),
  ] as [(String, Float)] { writer.add("\(name).\(key)", .float32(value)) }
  writer.add("\(name).rope.scaling.type", .string("linear"))
  writer.add("tokenizer.chat_template", .string("{% for m in messages %}<|im_start|>{% endfor %}"))
  // One token; the shape fits by construction.
  try? writer.add(
    tensor: "token_embd.weight", shape: [32, 1], type: .q8_0, bytes: Array(repeating: 1, count: 34))
  return writer.encoded()
}

private let tokenizerModels = ["llama", "gpt2", "bert", "t5"]

private func vocabularyFile(_ model: String) -> [UInt8] {
  var writer = GGUFWriter()
  let tokens = [
    "<unk>", "<s>", "</s>", "<0x0A>", "H", "e", "l", "o", "▁", "Ġ", "▁He", "ll", "he", "1",
  ]
  writer.add("tokenizer.ggml.model", .string(model))
  writer.add("tokenizer.ggml.pre", .string("gpt-2"))
  writer.add("tokenizer.ggml.tokens", .array(.init(strings: tokens)))
  writer.add("tokenizer.ggml.scores", .array(.init(floats: tokens.indices.map { -Float($0) })))
  let types: [Int32] = [2, 3, 3, 6] + Array(repeating: 1, count: tokens.count - 4)
  writer.add("tokenizer.ggml.token_type", .array(.init(integers: types)))
  writer.add("tokenizer.ggml.merges", .array(.init(strings: ["l l", "▁ He", "h e"])))
  for (id, role) in ["unknown", "bos", "eos"].enumerated() {
    writer.add("tokenizer.ggml.\(role)_token_id", .uint32(UInt32(id)))
  }
  writer.add("tokenizer.ggml.cls_token_id", .uint32(1))
  writer.add("tokenizer.ggml.seperator_token_id", .uint32(2))
  writer.add("tokenizer.ggml.add_bos_token", .bool(true))
  writer.add("tokenizer.ggml.add_space_prefix", .bool(true))
  return writer.encoded()
}

/// A header with two tensors and metadata, and their 24 bytes.
private let safetensorsFile: [UInt8] = {
  let header =
    #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"#
    + #""b.\u0041":{"dtype":"BF16","shape":[4],"data_offsets":[16,24]}}"#
  return withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    + header.utf8 + Array(repeating: 63, count: 24)
}()
