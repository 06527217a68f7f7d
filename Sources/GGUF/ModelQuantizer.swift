/// Turns one GGUF file into another whose tensors are stored in the forms of a recipe.
package struct ModelQuantizer: Sendable {
  /// What becomes of one tensor.
  package struct Choice: Sendable, Equatable {
    package let name: String
    package let from: TensorType
    package let to: TensorType
    /// The form that the recipe asked for, where rows are not whole blocks of it.
    package let instead: TensorType?
  }

  package let file: GGUFFile
  package let recipe: QuantizationRecipe
  /// In the order of the file.
  package let choices: [Choice]

  /// Decides the form of every tensor.
  ///
  /// - Throws: when a tensor that is to change has a form that cannot be read, or the file is a part
  ///   of several or a mixture of experts.
  package init(file: GGUFFile, recipe: QuantizationRecipe) throws(GGUFError) {
    self.file = file
    self.recipe = recipe
    let architecture = try file.string("general.architecture")
    try Self.refuse(file, "split.count", above: 1, expected: "a model in one file")
    try Self.refuse(
      file, "\(architecture).expert_count", above: 0, expected: "a model without experts")
    choices = try Self.choices(file, recipe, architecture)
  }

  private static func refuse(
    _ file: GGUFFile, _ key: String, above limit: Int, expected: String
  ) throws(GGUFError) {
    if let count = try file.optionalInt(key), count > limit {
      throw GGUFError(file: file.path, field: key, found: "\(count)", expected: expected)
    }
  }

  /// Tensors that are already quantised and lose a second time.
  package var requantised: [Choice] {
    choices.filter { $0.from.blockLength > 1 && $0.from != $0.to }
  }

  /// Tensors whose rows do not fit the form that the recipe asked for.
  package var fallbacks: [Choice] { choices.filter { $0.instead != nil } }

  /// Bytes of all tensors before and after.
  package var byteCounts: (before: Int, after: Int) {
    let tensors = plan()
    let before = file.tensors.values.reduce(0) { $0 + $1.byteCount }
    return (before, tensors.reduce(0) { $0 + $1.byteCount })
  }

  /// Writes the file whole or not at all; an existing one is refused unless `replacing`.
  package func write(
    to path: String, replacing: Bool, threads: Int,
    progress: (ModelWriter.Progress) -> Void = { _ in }
  ) throws(GGUFError) {
    let writer = ModelWriter(metadata: metadata(), tensors: plan(), threads: threads)
    try writer.write(
      to: path, replacing: replacing, check: { () throws(GGUFError) in try file.requireIntact() },
      progress: progress)
  }
}

// MARK: - The new file

extension ModelQuantizer {
  /// The file's own metadata, with the file type; the new file has the default alignment.
  private func metadata() -> [(key: String, value: MetadataValue)] {
    let own: [(key: String, value: MetadataValue)] = [
      ("general.quantization_version", .uint32(2)),
      ("general.file_type", .uint32(recipe.fileType)),
    ]
    let dropped = Set(own.map(\.key) + ["general.alignment"])
    let kept = file.metadataOrder.filter { !dropped.contains($0) && !$0.hasPrefix("split.") }
    return kept.compactMap { key in file.metadata[key].map { (key, $0) } } + own
  }

  private func plan() -> [PlannedTensor] {
    choices.compactMap { choice in
      guard let info = file.tensors[choice.name] else { return nil }
      return PlannedTensor(
        file: file.path, name: info.name, shape: info.shape, type: choice.to,
        contents: contents(info, as: choice.to))
    }
  }

  private func contents(_ info: TensorInfo, as type: TensorType) -> PlannedTensor.Contents {
    let file = file
    // Floats pass through the writer even where they stay, so that none is infinite unnoticed.
    guard info.type != type || [.f32, .f16, .bf16].contains(type) else {
      return .stored { start, buffer throws(GGUFError) in
        try file.read(info, from: start, into: buffer)
      }
    }
    let rowBytes = info.byteCount / info.rows
    return .floats { rows, floats throws(GGUFError) in
      let bytes = UnsafeMutableRawBufferPointer.allocate(
        byteCount: rows.count * rowBytes, alignment: 64)
      defer { bytes.deallocate() }
      try file.read(info, from: rows.lowerBound * rowBytes, into: bytes)
      try Quantizer.dequantize(UnsafeRawBufferPointer(bytes), type: info.type, into: floats)
    }
  }
}

// MARK: - Choices

extension ModelQuantizer {
  private static func choices(
    _ file: GGUFFile, _ recipe: QuantizationRecipe, _ architecture: String
  ) throws(GGUFError) -> [Choice] {
    let heads = try file.optionalInt("\(architecture).attention.head_count") ?? 0
    let chosen = recipe.forms(
      of: file.tensors.values.map { ($0.name, $0.shape) }, architecture: architecture,
      layers: try file.optionalInt("\(architecture).block_count") ?? 0, heads: heads,
      keyValueHeads: try file.optionalInt("\(architecture).attention.head_count_kv") ?? heads)
    var choices: [Choice] = []
    for name in file.tensorOrder {
      let info = try file.tensor(name)
      let form = chosen[name] ?? (type: info.type, instead: nil)
      guard form.type == info.type || Quantizer.supported.contains(info.type) else {
        throw GGUFError(
          file: file.path, field: "tensor \(name)", found: info.type.name,
          expected: Quantizer.supported.map(\.name).joined(separator: ", "))
      }
      choices.append(Choice(name: name, from: info.type, to: form.type, instead: form.instead))
    }
    return choices
  }
}
