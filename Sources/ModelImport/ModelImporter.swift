import Foundation
import GGUF

/// Turns a folder of safetensors files into one GGUF file, in the conventions of llama.cpp.
///
/// Families: `ModelFamily`. What a file of that family cannot say is refused, so that an imported
/// model computes what the folder's does or is not imported.
package struct ModelImporter {
  /// How the file is stored.
  package let recipe: QuantizationRecipe
  /// `general.architecture` of the file.
  package var architecture: String { family.architecture }
  /// Tensors whose rows do not fit the form that the recipe asks for, with what they get.
  package let fallbacks: [(name: String, asked: TensorType, type: TensorType)]
  package let parameters: Int

  private let folder: ModelFolder
  private let family: ModelFamily
  private let metadata: [(key: String, value: MetadataValue)]
  private let tensors: [PlannedTensor]

  /// Reads everything but the tensors' numbers, and decides what the file will be.
  ///
  /// - Parameter recipe: nil for the form in which the folder holds the embedding.
  package init(folder path: String, recipe: QuantizationRecipe?) throws {
    let folder = try ModelFolder(path: path)
    let family = try ModelFamily(folder.configuration)
    let shape = try ImportedShape(folder.configuration, family)
    let rope = try RopeSettings(folder.configuration)
    let tensors = try TensorImport(folder: folder, family: family, shape: shape, rope: rope)
      .tensors()
    let embedding = try Self.embedding(tensors, folder, shape)
    let recipe = recipe ?? Self.recipe(like: embedding)
    let settings = MetadataImport(
      configuration: folder.configuration, family: family, shape: shape, rope: rope,
      vocabulary: embedding.shape[1])
    let forms = recipe.forms(
      of: tensors.map { ($0.name, $0.shape) }, architecture: family.architecture,
      layers: shape.layers, heads: shape.heads, keyValueHeads: shape.keyValueHeads)
    self.folder = folder
    self.family = family
    self.recipe = recipe
    // What no recipe names, such as norms and biases, is small and stays exact.
    self.tensors = tensors.map { $0.planned(as: forms[$0.name]?.type ?? .f32, folder: path) }
    parameters = tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
    fallbacks = tensors.compactMap { tensor in
      forms[tensor.name].flatMap { form in
        form.instead.map { (tensor.name, $0, form.type) }
      }
    }
    metadata =
      [
        ("general.architecture", .string(family.architecture)),
        ("general.name", .string(try Self.name(folder))),
        ("general.quantization_version", .uint32(2)),
        ("general.file_type", .uint32(recipe.fileType)),
      ] + (try settings.entries()) + (try PoolingImport(folder: folder, family: family).entries())
      + (try TokenizerImport(folder: folder, family: family, rows: embedding.shape[1]).entries())
  }

  package var byteCount: Int { tensors.reduce(0) { $0 + $1.byteCount } }

  /// Writes the file whole or not at all; an existing one is refused unless `replacing`.
  package func write(
    to path: String, replacing: Bool, threads: Int,
    progress: (ModelWriter.Progress) -> Void = { _ in }
  ) throws(GGUFError) {
    let writer = ModelWriter(metadata: metadata, tensors: tensors, threads: threads)
    try writer.write(
      to: path, replacing: replacing,
      check: { () throws(GGUFError) in try folder.requireIntact() }, progress: progress)
  }

  private static func embedding(
    _ tensors: [ImportedTensor], _ folder: ModelFolder, _ shape: ImportedShape
  ) throws -> ImportedTensor {
    let rows = try folder.configuration.count("vocab_size")
    guard let embedding = tensors.first(where: { $0.name == "token_embd.weight" }),
      embedding.shape == [shape.width, rows]
    else {
      throw GGUFError(
        file: folder.path, field: "token_embd.weight",
        found: "no embedding of the size that config.json gives",
        expected: "\(rows) rows of \(shape.width)")
    }
    return embedding
  }

  private static func recipe(like tensor: ImportedTensor) -> QuantizationRecipe {
    let type = tensor.element?.tensorType ?? .f32
    guard let recipe = QuantizationRecipe(named: type.name) else {
      preconditionFailure("a recipe for each form of floats")
    }
    return recipe
  }

  private static func name(_ folder: ModelFolder) throws -> String {
    let own = try folder.configuration.optionalString("_name_or_path") ?? ""
    let path = own.isEmpty ? URL(filePath: folder.path).standardized.path : own
    return path.split(separator: "/").last.map(String.init) ?? "model"
  }
}
