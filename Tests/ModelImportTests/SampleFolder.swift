import Foundation
import GGUF
import ModelImport
import TestSupport

let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

/// What transformers computes for the sample models.
struct Goldens: Decodable, Sendable {
  struct Model: Decodable, Sendable {
    /// The name of the tokenizer's files.
    let tokenizer: String
    /// The form of the tensors.
    let element: String
    /// How many safetensors files there are.
    let parts: Int
    let ids: [Int32]
    /// Dimensions of each tensor, in the folder's order.
    let shapes: [String: [Int]]
    /// For each position some logits; an encoder's mean vector.
    let values: [[Float]]
  }

  let text: String
  let columns: Int
  let models: [String: Model]

  static let all: Goldens = {
    let data = try! Data(contentsOf: fixtures.appending(path: "goldens.json"))
    return try! JSONDecoder().decode(Goldens.self, from: data)
  }()
}

/// A folder with one of the sample models, written from the fixtures and made weights.
final class SampleFolder {
  private let folder: TemporaryFolder
  var path: String { folder.path }
  let model: Goldens.Model
  /// What every number is multiplied by.
  let gain: Float

  convenience init(_ name: String) throws {
    let settings = try Data(contentsOf: fixtures.appending(path: "\(name).config.json"))
    try self.init(Goldens.all.models[name]!, settings: settings)
  }

  init(_ model: Goldens.Model, settings: Data, gain: Float = 1) throws {
    self.model = model
    self.gain = gain
    folder = try TemporaryFolder()
    try settings.write(to: url("config.json"))
    for file in ["tokenizer.json", "tokenizer_config.json"] {
      try copy("\(model.tokenizer).\(file)", file)
    }
    try writeShards()
  }

  private func copy(_ source: String, _ target: String) throws {
    try Data(contentsOf: fixtures.appending(path: source)).write(to: url(target))
  }

  func url(_ name: String) -> URL { folder.url(name) }

  /// Changes a file of settings.
  func edit(_ name: String, _ change: (inout [String: Any]) -> Void) throws {
    let data = try Data(contentsOf: url(name))
    var members = try JSONSerialization.jsonObject(with: data) as! [String: Any]
    change(&members)
    try JSONSerialization.data(withJSONObject: members).write(to: url(name))
  }

  func importer(_ recipe: String? = nil) throws -> ModelImporter {
    try ModelImporter(
      folder: path, recipe: recipe.map { QuantizationRecipe(named: $0)! })
  }

  /// The error that importing gives, if one.
  func failure() -> GGUFError? {
    do {
      _ = try importer()
      return nil
    } catch {
      return error as? GGUFError
    }
  }

  /// Imports and opens the file, which is removed with the folder.
  func imported(_ recipe: String? = nil, as name: String = "out.gguf") throws -> GGUFFile {
    let target = url(name).path
    try importer(recipe).write(to: target, replacing: false, threads: 2)
    return try GGUFFile(path: target)
  }

  // MARK: - Tensors

  private func writeShards() throws {
    let names = model.shapes.keys.sorted()
    guard model.parts > 1 else { return try write(names, to: "model.safetensors") }
    var map: [String: String] = [:]
    for part in 0..<model.parts {
      let file = "model-\(part + 1).safetensors"
      let own = names.indices.filter { $0 % model.parts == part }.map { names[$0] }
      for name in own { map[name] = file }
      try write(own, to: file)
    }
    let index = ["metadata": ["total_size": 1], "weight_map": map] as [String: Any]
    try JSONSerialization.data(withJSONObject: index)
      .write(to: url("model.safetensors.index.json"))
  }

  /// Writes the named tensors, each with its own numbers.
  func write(_ names: [String], to file: String) throws {
    let type = TensorType.allCases.first { $0.name == model.element }!
    var header: [String: Any] = ["__metadata__": ["format": "pt"]]
    var data: [UInt8] = []
    for name in names {
      let weights = Self.weights(name, model.shapes[name]!).map { $0 * gain }
      let bytes = try Quantizer.quantize(weights, to: type)
      header[name] = [
        "dtype": model.element, "shape": model.shapes[name]!,
        "data_offsets": [data.count, data.count + bytes.count],
      ]
      data += bytes
    }
    let text = try JSONSerialization.data(withJSONObject: header)
    var bytes = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
    bytes += text + Data(data)
    try bytes.write(to: url(file))
  }

  /// Gives the tensors of `model.safetensors` other names.
  func rename(_ change: (String) -> String) throws {
    let data = try Data(contentsOf: url("model.safetensors"))
    let length = data.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let header = try JSONSerialization.jsonObject(with: data[8..<(8 + length)]) as! [String: Any]
    let renamed = Dictionary(
      uniqueKeysWithValues: header.map { ($0 == "__metadata__" ? $0 : change($0), $1) })
    let text = try JSONSerialization.data(withJSONObject: renamed)
    var bytes = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
    bytes += text + data[(8 + length)...]
    try bytes.write(to: url("model.safetensors"))
  }

  /// The numbers of a tensor, as make-goldens.py makes them.
  static func weights(_ name: String, _ shape: [Int]) -> [Float] {
    var seed: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { seed = (seed ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let isNorm = name.lowercased().contains("norm") && name.hasSuffix("weight")
    return (1...UInt64(shape.reduce(1, *))).map { index in
      var z = seed &+ index &* 0x9E37_79B9_7F4A_7C15
      z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
      let whole = Int(z >> 56) - 128
      return isNorm ? 1 + Float(whole >> 3) / 128 : Float(whole) / 1024
    }
  }
}

extension GGUFFile {
  /// The numbers of a tensor.
  func numbers(of name: String) throws -> [Float] {
    let info = try tensor(name)
    return try withBytes(of: info) {
      try Quantizer.dequantize($0, type: info.type, count: info.elementCount)
    }
  }
}
