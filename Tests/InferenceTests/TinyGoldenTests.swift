import Testing

@testable import Inference

/// Logits of the tiny random models against llama.cpp and a float64 evaluation.
@Suite struct TinyGoldenTests {
  struct Golden: Decodable {
    struct Model: Decodable {
      let llamaCpp: [[Float]]
      let reference: [[Float]]
    }

    let tokens: [Int32]
    let rows: [Int]
    let models: [String: Model]
  }

  /// Bounds for the root mean square difference over the vocabulary; logits spread over about 2.
  struct Bounds {
    let llamaCpp: Float
    let exact: Float
  }

  /// With quantised matrices activations are rounded to 1/127 of the largest of their 32, so each
  /// product has a relative error of about 0.3 %, and random weights do not average it away.
  static let quantised = Bounds(llamaCpp: 0.08, exact: 0.08)
  /// Float matrices see activations as they are.
  ///
  /// llama.cpp rounds activations to the matrix's own type, and
  /// keeps keys and values in float32. The float64 evaluation rounds them to float16 as this engine does,
  /// but one of them may lie so near the middle of two that float32 rounds it the other way.
  static let bounds = [
    "tiny-q8_0": quantised, "tiny-q4_0": quantised, "tiny-mixed": quantised,
    "tiny-f16": Bounds(llamaCpp: 0.003, exact: 2e-4),
    "tiny-bf16": Bounds(llamaCpp: 0.02, exact: 2e-4),
    "tiny-odd": Bounds(llamaCpp: 0.003, exact: 2e-4),
  ]

  @Test(arguments: TestModels.tiny)
  func logitsAgreeWithLlamaCppWithinTheQuantisationError(name: String) throws {
    let golden = try Fixture.decode(Golden.self, path: Fixture.path("tiny-golden.json"))
    let expected = try #require(golden.models[name])
    let bound = try #require(Self.bounds[name])
    let model = try TestModels.tiny(name)
    let logits = try model.forward([
      ForwardRequest(
        tokens: golden.tokens, segment: model.makeSegment(), outputs: .rows(golden.rows))
    ])[0]
    for row in golden.rows.indices {
      let peer = rootMeanSquare(logits[row], expected.llamaCpp[row])
      let exact = rootMeanSquare(logits[row], expected.reference[row])
      #expect(peer < bound.llamaCpp, "row \(row): \(peer) from llama.cpp")
      #expect(exact < bound.exact, "row \(row): \(exact) from float64")
    }
  }
}

/// The root mean square difference of two vectors.
func rootMeanSquare(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Float {
  precondition(a.count == b.count)
  let squares = zip(a, b).map { ($0 - $1) * ($0 - $1) }
  return (squares.reduce(0, +) / Float(a.count)).squareRoot()
}
