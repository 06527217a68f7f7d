import Kernels

@testable import Inference

/// Models of the tests, and the ways in which their logits are computed.
enum TestModels {
  /// The small generated models kept beside the tests.
  static let tiny = ["q8_0", "q4_0", "f16", "bf16", "mixed", "odd"].map { "tiny-\($0)" }

  /// The instruction sets of this machine.
  static let sets = ISA.available

  static func load(_ path: String, isa: ISA? = nil, threads: Int = 1) throws -> LanguageModel {
    try LanguageModel.load(path: path, backend: Backend(isa: isa, threads: threads))
  }

  static func tiny(_ name: String, isa: ISA? = nil, threads: Int = 1) throws -> LanguageModel {
    try load(Fixture.path("\(name).gguf"), isa: isa, threads: threads)
  }

  /// Token ids that are valid for the model and look random.
  static func tokens(_ count: Int, for model: LanguageModel) -> [Int32] {
    (0..<count).map { Int32(($0 * 7919 + 13) % model.configuration.vocabulary) }
  }

  /// The bits of the logits after every token, with the tokens fed in parts of `part`.
  static func bits(
    _ tokens: [Int32], in model: LanguageModel, parts part: Int = .max, from position: Int = 0,
    attending: [KVSegment] = []
  ) throws -> [UInt32] {
    let segment = model.makeSegment(startPosition: position)
    var result: [UInt32] = []
    var rest = tokens[...]
    while !rest.isEmpty {
      let request = ForwardRequest(
        tokens: Array(rest.prefix(part)), segment: segment, attending: attending, outputs: .all)
      result += try model.forward([request])[0].values.map(\.bitPattern)
      rest = rest.dropFirst(part)
    }
    return result
  }
}
