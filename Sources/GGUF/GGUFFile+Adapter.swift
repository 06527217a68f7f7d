/// What makes a file a LoRA adapter, apart from how it fits its base model.
extension GGUFFile {
  /// The alpha of a LoRA adapter for models of `architecture`; any other file is refused by field.
  package func loraAlpha(architecture: String) throws(GGUFError) -> Float {
    for (key, expected) in [
      ("general.type", "adapter"), ("adapter.type", "lora"),
      ("general.architecture", architecture),
    ] {
      let found = try string(key)
      guard found == expected else {
        throw GGUFError(file: path, field: key, found: found, expected: expected)
      }
    }
    let alpha = try float("adapter.lora.alpha")
    guard alpha.isFinite else {
      throw GGUFError(
        file: path, field: "adapter.lora.alpha", found: "\(alpha)", expected: "a finite number")
    }
    return alpha
  }

  /// Refuses an adapter without pairs, with half a pair, or with numbers of another kind.
  package func requireLoRAPairs() throws(GGUFError) {
    let suffixes = [".lora_a", ".lora_b"]
    guard !tensorOrder.isEmpty else {
      throw GGUFError(file: path, field: "tensors", found: "none", expected: "pairs of matrices")
    }
    for name in tensorOrder {
      guard let suffix = suffixes.first(where: name.hasSuffix) else {
        throw GGUFError(
          file: path, field: "tensor \(name)", found: "another name",
          expected: "one that ends in .lora_a or .lora_b")
      }
      let info = try tensor(name)
      guard [.f32, .f16, .bf16].contains(info.type) else {
        throw GGUFError(
          file: path, field: "tensor \(name)", found: "type \(info.type.name)",
          expected: "F32, F16 or BF16")
      }
      let other = suffix == ".lora_a" ? ".lora_b" : ".lora_a"
      _ = try tensor(name.dropLast(suffix.count) + other)
    }
  }
}
