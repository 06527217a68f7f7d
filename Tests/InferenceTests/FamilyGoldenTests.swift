import Foundation
import Kernels
import Testing

@testable import Inference

/// Logits of a tiny model of each family, at every position, against llama.cpp and a float64 evaluation.
@Suite struct FamilyGoldenTests {
  struct Golden: Decodable {
    let tokens: [Int32]
    let cases: [Case]
  }

  struct Case: Decodable, CustomTestStringConvertible {
    let model: String
    let contextLength: Int
    /// The sliding window to write into the file; nil leaves the file's own.
    let window: Int?
    let llamaCpp: Data?
    let reference: Data

    var testDescription: String {
      "\(model), context \(contextLength)" + (window.map { ", window \($0)" } ?? "")
    }
  }

  static let golden = try? Fixture.decode(Golden.self, path: Fixture.path("family-golden.json"))

  /// Bounds for the root mean square difference over the vocabulary at any position; logits spread
  /// over about 3.
  ///
  /// llama.cpp's own distance from float64 is up to 0.0033 here: it rounds queries and the softmax's
  /// weights to float16 too, and looks GELU up in a float16 table.
  static let peerBound: Float = 0.006
  static let exactBound: Float = 5e-4
  /// With quantised matrices both engines round activations to 8 bits, each in its own way.
  static let quantisedBound: Float = 0.15

  private func model(_ item: Case) throws -> LanguageModel {
    var file = try GGUFCopy(path: Fixture.path("\(item.model).gguf"))
    if let window = item.window {
      file.metadata["\(file.architecture).attention.sliding_window"] = .uint32(UInt32(window))
    }
    return try LanguageModel.load(
      file: file.reopened(), backend: Backend(threads: 1), contextLength: item.contextLength)
  }

  @Test func theGoldenValuesAreThere() throws {
    let golden = try #require(Self.golden)
    #expect(golden.cases.count == 11 && golden.tokens.count == 24)
  }

  @Test(arguments: golden?.cases ?? [])
  func logitsAgreeAtEveryPosition(item: Case) throws {
    let tokens = try #require(Self.golden).tokens
    let model = try model(item)
    let logits = try model.forward([
      ForwardRequest(tokens: tokens, segment: model.makeSegment(), outputs: .all)
    ])[0]
    let isQuantised = item.model.hasSuffix("q8_0")
    try compare(logits, item.reference, isQuantised ? Self.quantisedBound : Self.exactBound)
    if let peer = item.llamaCpp {
      try compare(logits, peer, isQuantised ? Self.quantisedBound : Self.peerBound)
    }
  }

  static let models = [
    "llama3", "llama-linear", "qwen2", "qwen3", "phi3", "gemma2", "gemma3", "gemma3-q8_0",
  ]

  @Test(arguments: models)
  func bitsDependOnNothingButTheModelAndTheTokens(name: String) throws {
    let path = Fixture.path("family-\(name).gguf")
    let reference = try TestModels.load(path)
    let tokens = TestModels.tokens(40, for: reference)
    let expected = try TestModels.bits(tokens, in: reference)
    for part in [1, 7] {
      #expect(try TestModels.bits(tokens, in: reference, parts: part) == expected)
    }
    for isa in TestModels.sets {
      let model = try TestModels.load(path, isa: isa, threads: 2)
      let used = Array(tokens.prefix(isa == .portable ? 20 : 40))
      let bits = try TestModels.bits(used, in: model, parts: 13)
      #expect(bits == Array(expected.prefix(bits.count)), "\(isa)")
    }
  }

  @Test(arguments: models)
  func scoresAreThoseOfTheLogits(name: String) throws {
    let model = try TestModels.load(Fixture.path("family-\(name).gguf"))
    let tokens = TestModels.tokens(20, for: model)
    let logits = try model.forward([
      ForwardRequest(tokens: tokens, segment: model.makeSegment(), outputs: .all)
    ])[0]
    let scores = try model.logProbabilities([
      ScoreRequest(
        tokens: tokens, targets: (0..<19).map { ($0, tokens[$0 + 1]) },
        segment: model.makeSegment())
    ])[0]
    for (row, score) in scores.enumerated() {
      let values = Array(logits[row])
      let normaliser = model.backend.logSumExp(values, count: values.count)
      #expect(score == Double(values[Int(tokens[row + 1])]) - normaliser)
    }
  }

  /// Checks each row's distance from the expected one and, unless two tokens are that close, its best.
  private func compare(_ logits: Logits, _ expected: Data, _ bound: Float) throws {
    let values = expected.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    try #require(values.count == logits.values.count)
    for row in 0..<logits.rows {
      let wanted = values[(row * logits.vocabulary)..<((row + 1) * logits.vocabulary)]
      let distance = rootMeanSquare(logits[row], wanted)
      #expect(distance < bound, "row \(row)")
      let best = wanted.sorted(by: >)
      if best[0] - best[1] > 4 * bound {
        let token = logits[row].firstIndex(of: logits[row].max()!)! - logits[row].startIndex
        #expect(wanted[wanted.startIndex + token] == best[0], "row \(row): token \(token)")
      }
    }
  }
}
