import Foundation
import GGUF
import Testing

/// The searched forms against ggml, and against the bounds of their own formats.
@Suite struct SuperblockTests {
  private struct Entry: Decodable {
    /// ggml's sum of squared errors over each set of weights.
    let errors: [String: Double]
    /// 512 weights as ggml stores them, and as it reads them back.
    let bytes: Data
    let values: Data
  }

  private struct Golden: Decodable {
    let sets: [String: Data]
    let types: [String: Entry]

    func entry(_ type: TensorType) throws -> Entry { try #require(types[type.name]) }
  }

  private static let searched: [TensorType] = [.q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_nl]
  private let golden: Golden

  init() throws {
    let data = try Data(contentsOf: fixtures.appending(path: "superblocks.json"))
    golden = try JSONDecoder().decode(Golden.self, from: data)
  }

  @Test(arguments: searched)
  func storedValuesAreReadAsGgmlReadsThem(type: TensorType) throws {
    let entry = try golden.entry(type)
    let read = try Quantizer.dequantize([UInt8](entry.bytes), type: type, count: 512)
    #expect(read == (try Quantizer.dequantize([UInt8](entry.values), type: .f32, count: 512)))
  }

  @Test(arguments: searched)
  func errorsAreNoWorseThanThoseOfGgml(type: TensorType) throws {
    for (name, ggml) in try golden.entry(type).errors {
      let weights = try set(name)
      let read = try roundTrip(weights, type)
      let error = zip(read, weights).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
      #expect(error <= ggml, "\(type.name), \(name)")
    }
  }

  @Test(arguments: searched)
  func aBlockOfOneValueKeepsIt(type: TensorType) throws {
    for value: Float in [0, 0.5, -0.5, 3] {
      let read = try roundTrip([Float](repeating: value, count: 256), type)
      for number in read { #expect(abs(number - value) <= abs(value) * 0.01) }
    }
  }

  @Test(arguments: searched)
  func scalingByAPowerOfTwoScalesTheResult(type: TensorType) throws {
    let weights = try Array(set("heavy").prefix(512))
    let read = try roundTrip(weights, type)
    let larger = try roundTrip(weights.map { $0 * 64 }, type)
    // The scales of 0.02-sized weights may lie below float16's normal range; 64 times, none does.
    let error = zip(read, weights).reduce(0) { $0 + pow($1.0 - $1.1, 2) }
    let scaled = zip(larger, weights).reduce(0) { $0 + pow($1.0 / 64 - $1.1, 2) }
    #expect(scaled <= error * 1.02)
  }

  @Test(arguments: searched)
  func theSameWeightsGiveTheSameBytesWhereverTheyLie(type: TensorType) throws {
    let weights = try set("shifted")
    let whole = try Quantizer.quantize(weights, to: type)
    let second = try Quantizer.quantize(Array(weights[256..<512]), to: type)
    let bytes = 256 / type.blockLength * type.blockBytes
    #expect(Array(whole[bytes..<(2 * bytes)]) == second)
  }

  private func set(_ name: String) throws -> [Float] {
    let data = try #require(golden.sets[name])
    return try Quantizer.dequantize([UInt8](data), type: .f16, count: data.count / 2)
  }

  private func roundTrip(_ values: [Float], _ type: TensorType) throws -> [Float] {
    let bytes = try Quantizer.quantize(values, to: type)
    return try Quantizer.dequantize(bytes, type: type, count: values.count)
  }
}
