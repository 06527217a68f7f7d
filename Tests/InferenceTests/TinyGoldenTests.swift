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

  /// What activations in 8 bits cost on these models, as the root mean square over the vocabulary.
  ///
  /// A value is rounded to 1/127 of the largest of its 32, so each product has a relative error of
  /// about 0.3 %, and random weights neither learn nor average that away. Matrices kept in float
  /// have no such step, and there the error is float rounding and llama.cpp's own f16 activations.
  static let quantisationError: [String: Float] = [
    "tiny-q8_0": 0.08, "tiny-q4_0": 0.08, "tiny-mixed": 0.08, "tiny-f16": 0.005,
    "tiny-bf16": 0.02, "tiny-odd": 0.005,
  ]

  @Test(arguments: TestModels.tiny)
  func logitsAgreeWithLlamaCppWithinTheQuantisationError(name: String) throws {
    let golden = try Fixture.decode(Golden.self, path: Fixture.path("tiny-golden.json"))
    let expected = try #require(golden.models[name])
    let bound = try #require(Self.quantisationError[name])
    let model = try TestModels.tiny(name)
    let logits = try model.forward([
      ForwardRequest(
        tokens: golden.tokens, segment: model.makeSegment(), outputs: .rows(golden.rows))
    ])[0]
    for row in golden.rows.indices {
      let peer = rootMeanSquare(logits[row], expected.llamaCpp[row])
      let exact = rootMeanSquare(logits[row], expected.reference[row])
      print("RMS", name, row, peer, exact)
      #expect(peer < bound, "row \(row): \(peer) from llama.cpp")
      #expect(exact < bound, "row \(row): \(exact) from float64")
    }
  }
}

/// The root mean square difference of two vectors.
func rootMeanSquare(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Float {
  precondition(a.count == b.count)
  let squares = zip(a, b).map { ($0 - $1) * ($0 - $1) }
  return (squares.reduce(0, +) / Float(a.count)).squareRoot()
}
