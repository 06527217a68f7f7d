import Foundation
import GGUF
import Testing

@Suite struct QuantizerTests {
  /// Blocks with zeros, ties, extremes and random numbers, and the bytes llama.cpp makes of them.
  private let golden: [String: String]
  private let values: [Float]

  init() throws {
    let data = try Data(contentsOf: fixtures.appending(path: "quantizer.json"))
    golden = try JSONDecoder().decode([String: String].self, from: data)
    let bytes = try #require(golden["values"].flatMap { Data(base64Encoded: $0) })
    values = try Quantizer.dequantize([UInt8](bytes), type: .f32, count: bytes.count / 4)
  }

  @Test(arguments: ["q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "f16", "bf16"])
  func bytesEqualLlamaCpp(name: String) throws {
    let type = try #require(TensorType.allCases.first { $0.name == name.uppercased() })
    let expected = try #require(golden[name].flatMap { Data(base64Encoded: $0) })
    #expect(try Quantizer.quantize(values, to: type) == [UInt8](expected))
  }

  @Test(arguments: ["q8_0", "q4_0", "q4_1", "q5_0", "q5_1"])
  func dequantizedValuesEqualLlamaCpp(name: String) throws {
    let type = try #require(TensorType.allCases.first { $0.name == name.uppercased() })
    let bytes = try #require(golden[name].flatMap { Data(base64Encoded: $0) })
    let expected = try #require(golden["dequantized_\(name)"].flatMap { Data(base64Encoded: $0) })
    let read = try Quantizer.dequantize([UInt8](bytes), type: type, count: values.count)
    #expect(read == (try Quantizer.dequantize([UInt8](expected), type: .f32, count: values.count)))
  }

  @Test func exactFormsReturnTheirValues() throws {
    #expect(try roundTrip(values, .f32) == values)
    let halves = (0..<2048).map { Float($0) / 4 - 256 }
    #expect(try roundTrip(halves, .f16) == halves)
    let eighths = (-128..<128).map { Float($0) * 4 }
    #expect(try roundTrip(eighths, .bf16) == eighths)
  }

  @Test func roundingIsToNearestEvenForBrainFloats() throws {
    let ties = [Float(bitPattern: 0x3F80_8000), Float(bitPattern: 0x3F81_8000), .nan, .infinity]
    let bytes = try Quantizer.quantize(ties, to: .bf16)
    #expect(bytes == [0x80, 0x3F, 0x82, 0x3F, 0xC0, 0x7F, 0x80, 0x7F])
  }

  @Test func errorsStayWithinHalfAStep() throws {
    for (type, steps) in [(TensorType.q8_0, Float(127)), (.q4_0, 8)] {
      let read = try roundTrip(values, type)
      for start in stride(from: 0, to: values.count, by: 32) {
        let block = values[start..<(start + 32)]
        // Half a step, the scale's own rounding to float16, and its smallest step.
        let largest = block.map(abs).max() ?? 0
        guard largest < 60_000 else { continue }
        // Q4_0 has one step less on the side opposite the largest value.
        let bound = largest / steps * (type == .q4_0 ? 1.01 : 0.57) + 1e-5
        for index in block.indices { #expect(abs(read[index] - values[index]) <= bound) }
      }
    }
  }

  @Test func whatCannotBeStoredIsRefused() {
    #expect(throws: GGUFError.self) { try Quantizer.quantize([1, 2, 3], to: .q8_0) }
    for odd in [Float.nan, .infinity, -.infinity] {
      var block = [Float](repeating: 0, count: 32)
      block[9] = odd
      for type in Quantizer.supported where type.blockLength > 1 {
        let row = block + [Float](repeating: 0, count: type.blockLength - 32)
        let error = #expect(throws: GGUFError.self) { try Quantizer.quantize(row, to: type) }
        #expect(error?.field == "\(type.name) value 9")
      }
    }
    let many = [Float](repeating: 0, count: 256)
    let error = #expect(throws: GGUFError.self) { try Quantizer.quantize(many, to: .q8_K) }
    #expect(error?.found == "Q8_K")
    #expect(throws: GGUFError.self) {
      try Quantizer.dequantize([1, 2, 3], type: .q8_0, count: 32)
    }
  }

  @Test func blocksWhoseScaleOverflowsAreRefused() {
    let block = (0..<32).map { $0 % 3 == 0 ? Float.greatestFiniteMagnitude : -1e38 }
    for type in [TensorType.q8_0, .q4_0, .q4_1, .q5_0, .q5_1] {
      let error = #expect(throws: GGUFError.self) { try Quantizer.quantize(block, to: type) }
      #expect(error?.found.contains("does not fit float16") == true)
    }
  }

  @Test func extremeBlocksDoNotTrap() throws {
    let extremes: [Float] = [
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1e30, 1e19, 65_504, 1e-6,
      .leastNonzeroMagnitude, .leastNormalMagnitude, 1e-38, -1e-38, 0, -0.0,
    ]
    for value in extremes {
      let block = (0..<256).map { $0 % 3 == 0 ? value : -value / 2 }
      for type in Quantizer.supported {
        guard let bytes = try? Quantizer.quantize(block, to: type) else {
          #expect(abs(value) > 60_000, "only scales beyond float16 are refused")
          continue
        }
        #expect(bytes.count == 256 / type.blockLength * type.blockBytes)
        let read = try Quantizer.dequantize(bytes, type: type, count: 256)
        #expect(type.blockLength == 1 || read.allSatisfy(\.isFinite), "\(type.name) \(value)")
      }
    }
  }

  private func roundTrip(_ values: [Float], _ type: TensorType) throws -> [Float] {
    let bytes = try Quantizer.quantize(values, to: type)
    #expect(bytes.count == values.count / type.blockLength * type.blockBytes)
    return try Quantizer.dequantize(bytes, type: type, count: values.count)
  }
}
