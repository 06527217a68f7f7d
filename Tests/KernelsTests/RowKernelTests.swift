import Foundation
import Testing

@testable import Kernels

@Suite struct RowKernelTests {
  static let counts = [1, 5, 16, 31, 64, 577]

  @Test(arguments: ISA.available, [1, 2])
  func normsEqualTheReference(isa: ISA, threads: Int) throws {
    let backend = try Backend(isa: isa, threads: threads)
    var numbers = Numbers(7)
    for count in Self.counts {
      let tokens = 40
      let stride = padded(count) + 16
      let x = numbers.floats(tokens * stride)
      let weight = numbers.floats(count)
      let bias = numbers.floats(count)
      let (input, output) = (FloatBuffer(x), FloatBuffer(tokens * stride))
      let (w, b) = (FloatBuffer(weight), FloatBuffer(bias))
      defer { withExtendedLifetime((input, w, b)) {} }
      backend.rmsNorm(
        input.pointer, weight: w.pointer, epsilon: 1e-5, into: output.pointer, tokens: tokens,
        count: count, stride: stride)
      check(output, tokens, count, stride) { t in
        let row = Array(x[t * stride..<t * stride + count])
        let factor = 1 / (Reference.squares(row) / Float(count) + 1e-5).squareRoot()
        return zip(row, weight).map { $0 * factor * $1 }
      }
      let norm = (weight: UnsafePointer(w.pointer), bias: UnsafePointer(b.pointer))
      let centred = FloatBuffer(x)
      backend.layerNorm(
        centred.pointer, norm, epsilon: 1e-12, tokens: tokens, count: count, stride: stride)
      check(centred, tokens, count, stride) { t in
        layerNorm(Array(x[t * stride..<t * stride + count]), weight, bias)
      }
      let added = FloatBuffer(x)
      backend.addLayerNorm(
        added.pointer, adding: input.pointer, yBias: w.pointer, norm, epsilon: 1e-12,
        tokens: tokens, count: count, stride: stride)
      check(added, tokens, count, stride) { t in
        let row = x[t * stride..<t * stride + count]
        return layerNorm(zip(row, weight).map { $0 + ($0 + $1) }, weight, bias)
      }
    }
  }

  private func layerNorm(_ row: [Float], _ weight: [Float], _ bias: [Float]) -> [Float] {
    let mean = Reference.sum(row) / Float(row.count)
    let centred = row.map { $0 - mean }
    let factor = 1 / (Reference.squares(centred) / Float(row.count) + 1e-12).squareRoot()
    return row.indices.map { Reference.fma(centred[$0] * factor, weight[$0], bias[$0]) }
  }

  @Test(arguments: ISA.available)
  func elementwiseKernelsEqualTheReference(isa: ISA) throws {
    let backend = try Backend(isa: isa, threads: 2)
    var numbers = Numbers(8)
    for count in Self.counts {
      let (tokens, stride) = (3, padded(count))
      let x = numbers.floats(tokens * stride)
      let y = numbers.floats(tokens * stride)
      let other = FloatBuffer(y)
      defer { withExtendedLifetime(other) {} }
      func result(_ kernel: (UnsafeMutablePointer<Float>) -> Void) -> FloatBuffer {
        let buffer = FloatBuffer(x)
        kernel(buffer.pointer)
        return buffer
      }
      func row(_ values: [Float], _ t: Int) -> ArraySlice<Float> {
        values[t * stride..<t * stride + count]
      }
      let sum = result {
        backend.add($0, other.pointer, tokens: tokens, count: count, stride: stride)
      }
      check(sum, tokens, count, stride) { zip(row(x, $0), row(y, $0)).map { $0 + $1 } }
      let biased = result {
        backend.addBias($0, other.pointer, tokens: tokens, count: count, stride: stride)
      }
      check(biased, tokens, count, stride) { zip(row(x, $0), row(y, 0)).map { $0 + $1 } }
      let scaled = result {
        backend.scale($0, by: 0.3, tokens: tokens, count: count, stride: stride)
      }
      check(scaled, tokens, count, stride) { row(x, $0).map { $0 * 0.3 } }
      let gated = result {
        backend.siluMultiply($0, other.pointer, tokens: tokens, count: count, stride: stride)
      }
      check(gated, tokens, count, stride) {
        zip(row(x, $0), row(y, $0)).map { $0 / (1 + Reference.exp(-$0)) * $1 }
      }
      let gatedGELU = result {
        backend.geluTanhMultiply($0, other.pointer, tokens: tokens, count: count, stride: stride)
      }
      check(gatedGELU, tokens, count, stride) {
        zip(row(x, $0), row(y, $0)).map { Reference.geluTanh($0) * $1 }
      }
      let capped = result {
        backend.softCap($0, cap: 3, tokens: tokens, count: count, stride: stride)
      }
      check(capped, tokens, count, stride) {
        row(x, $0).map { Reference.tanh($0 * (1 / Float(3))) * 3 }
      }
      let gelu = result {
        backend.gelu($0, bias: other.pointer, tokens: tokens, count: count, stride: stride)
      }
      check(gelu, tokens, count, stride) {
        zip(row(x, $0), row(y, 0)).map { Reference.gelu($0 + $1) }
      }
    }
  }

  @Test(arguments: ISA.available, [1, 2])
  func headsAreNormedOnTheirOwn(isa: ISA, threads: Int) throws {
    let backend = try Backend(isa: isa, threads: threads)
    var numbers = Numbers(11)
    let (tokens, heads, dimension) = (300, 3, 20)
    let stride = padded(heads * dimension)
    let (x, weight) = (numbers.floats(tokens * stride), numbers.floats(dimension))
    let (buffer, w) = (FloatBuffer(x), FloatBuffer(weight))
    backend.headNorm(
      buffer.pointer, weight: w.pointer, epsilon: 1e-6, tokens: tokens, heads: heads,
      headDimension: dimension, stride: stride)
    withExtendedLifetime(w) {}
    check(buffer, tokens, heads * dimension, stride) { t in
      (0..<heads).flatMap { head -> [Float] in
        let start = t * stride + head * dimension
        let row = Array(x[start..<start + dimension])
        let factor = 1 / (Reference.squares(row) / Float(dimension) + 1e-6).squareRoot()
        return zip(row, weight).map { $0 * factor * $1 }
      }
    }
  }

  @Test func softCapAndGELUAreThoseOfDoublePrecision() throws {
    let backend = try Backend(threads: 1)
    let x = (-4000...4000).map { Float($0) * 0.01 }
    let ones = FloatBuffer([Float](repeating: 1, count: x.count))
    let (capped, gated) = (FloatBuffer(x), FloatBuffer(x))
    backend.softCap(capped.pointer, cap: 30, tokens: 1, count: x.count, stride: x.count)
    backend.geluTanhMultiply(
      gated.pointer, ones.pointer, tokens: 1, count: x.count, stride: x.count)
    let (zeros, plain) = (FloatBuffer(x.count), FloatBuffer(x))
    backend.gelu(
      plain.pointer, bias: zeros.pointer, tokens: 1, count: x.count, stride: x.count)
    withExtendedLifetime((ones, zeros)) {}
    for (i, value) in x.enumerated() {
      let v = Double(value)
      let cap = 30 * Foundation.tanh(v / 30)
      #expect(abs(Double(capped.values[i]) - cap) <= 4e-7 * abs(cap))
      let u = (2 / Double.pi).squareRoot() * (v + 0.044715 * v * v * v)
      let gelu = v / 2 * (1 + Foundation.tanh(u))
      #expect(abs(Double(gated.values[i]) - gelu) <= 1e-6 * max(abs(v), 1e-3))
      let exact = v / 2 * (1 + Foundation.erf(v / 2.squareRoot()))
      #expect(abs(Double(plain.values[i]) - exact) <= 6e-7 * max(abs(v), 1e-3))
    }
  }

  @Test(arguments: ISA.available, [true, false])
  func ropeRotatesEachPairByItsAngle(isa: ISA, interleaved: Bool) throws {
    let backend = try Backend(isa: isa, threads: 1)
    var numbers = Numbers(9)
    for (dimension, rotated) in [(8, 8), (64, 64), (80, 80), (64, 32)] {
      let table = RopeTable(rotated: rotated, base: 10_000)
      table.reserve(positions: 800)
      let positions: [Int32] = [0, 1, 383, 799]
      let stride = 2 * dimension
      let x = numbers.floats(4 * stride)
      let buffer = FloatBuffer(x)
      backend.rope(
        buffer.pointer, tokens: 4, heads: 2, headDimension: dimension, stride: stride, table: table,
        positions: positions, interleaved: interleaved)
      var expected = x
      for (t, head) in (0..<4).flatMap({ t in [(t, 0), (t, 1)] }) {
        for i in 0..<rotated / 2 {
          let start = t * stride + head * dimension
          let a = start + (interleaved ? 2 * i : i)
          let b = interleaved ? a + 1 : a + rotated / 2
          let at = Int(positions[t]) * rotated / 2 + i
          let (c, s) = (table.cosines[at], table.sines[at])
          (expected[a], expected[b]) = (x[a] * c - x[b] * s, x[a] * s + x[b] * c)
        }
      }
      #expect(bits(buffer.values) == bits(expected))
    }
  }

  @Test func ropeTableHoldsTheAnglesOfItsPositions() {
    let table = RopeTable(rotated: 4, base: 100, factors: [1, 2], scale: 0.5, magnitude: 1.5)
    table.reserve(positions: 10)
    table.reserve(positions: 1000)
    #expect(table.positions >= 1000)
    for position in [0, 9, 999] {
      let angles = [0.5 * Double(position), 0.5 * 0.1 / 2 * Double(position)]
      for (i, angle) in angles.enumerated() {
        #expect(
          abs(Double(table.cosines[2 * position + i]) - 1.5 * Deterministic.cos(angle)) < 1e-6)
        #expect(abs(Double(table.sines[2 * position + i]) - 1.5 * Deterministic.sin(angle)) < 1e-6)
      }
    }
  }

  @Test(arguments: ISA.available)
  func argmaxIsTheFirstLargestValue(isa: ISA) throws {
    let backend = try Backend(isa: isa, threads: 1)
    var numbers = Numbers(10)
    for count in [1, 2, 15, 16, 17, 1000] {
      var x = numbers.floats(count)
      let largest = x.max()!
      #expect(backend.argmax(x, count: count) == x.firstIndex(of: largest))
      x[count - 1] = largest
      #expect(backend.argmax(x, count: count) == x.firstIndex(of: largest))
    }
  }

  private func check(
    _ buffer: FloatBuffer, _ tokens: Int, _ count: Int, _ stride: Int,
    _ expected: (Int) -> [Float]
  ) {
    let values = buffer.values
    for t in 0..<tokens {
      #expect(bits(Array(values[t * stride..<t * stride + count])) == bits(expected(t)))
    }
  }
}
