import Foundation
import Testing

@testable import Kernels

@Suite struct ExactnessTests {
  /// Random operands, cancelling sums, and sums that land next to a rounding boundary.
  @Test(arguments: ISA.available)
  func fusedMultiplyAddRoundsOnce(isa: ISA) throws {
    let kernels = try Backend(isa: isa, threads: 1).kernels
    var numbers = Numbers(15)
    let count = 1 << 12
    for round in 0..<250 {
      var a = [Float](repeating: 0, count: count)
      var b = a
      var c = a
      for i in 0..<count {
        (a[i], b[i], c[i]) = operands(&numbers, round &* 31 &+ i)
      }
      var output = a
      kernels.fma(a, b, c, &output, count)
      for i in 0..<count {
        let expected = c[i].addingProduct(a[i], b[i])
        if output[i].bitPattern != expected.bitPattern && !(output[i].isNaN && expected.isNaN) {
          Issue.record("fma(\(a[i]), \(b[i]), \(c[i])): \(output[i]), expected \(expected)")
          return
        }
      }
    }
  }

  private func operands(_ numbers: inout Numbers, _ kind: Int) -> (Float, Float, Float) {
    let wide = numbers.next()
    let a = Float(bitPattern: UInt32(truncatingIfNeeded: wide))
    let b = Float(bitPattern: UInt32(truncatingIfNeeded: wide >> 32))
    let c = Float(bitPattern: UInt32(truncatingIfNeeded: numbers.next()))
    let near = { (x: Float) in Float(bitPattern: x.bitPattern & 0x83FF_FFFF | 0x3C00_0000) }
    switch kind % 6 {
    case 0: return (a, b, c)
    case 1: return (near(a), near(b), near(c))
    case 2: return (near(a), near(b), -(near(a) * near(b)))
    case 3:
      // Half an ulp of the addend, give or take the smallest product.
      let addend = near(c)
      return (addend.ulp / 2, 1 + Float(Int32(wide & 3)) * .ulpOfOne, addend)
    case 4: return (a * 0x1p-60, b, .leastNormalMagnitude * near(c))
    default: return (near(a) * 0x1p60, near(b) * 0x1p60, near(c) * 0x1p115)
    }
  }

  @Test(arguments: ISA.available)
  func exponentialIsWithinTwoUlp(isa: ISA) throws {
    let kernels = try Backend(isa: isa, threads: 1).kernels
    let x = stride(from: Float(-86.9), through: 87.9, by: 0.0037).map { $0 }
    var y = [Float](repeating: 0, count: x.count)
    kernels.exp(x, &y, x.count)
    #expect(bits(y) == bits(x.map(Reference.exp)))
    let worst = zip(x, y).map { abs(Double($1) - Foundation.exp(Double($0))) / Double($1.ulp) }
      .max()!
    #expect(worst < 2)
  }

  @Test func hyperbolicTangentIsWithinThreeUlp() {
    let x = stride(from: Float(-12), through: 12, by: 0.0013).map { $0 }
    let worst = x.map { value in
      let y = Reference.tanh(value)
      return abs(Double(y) - Foundation.tanh(Double(value))) / Double(y.ulp)
    }.max()!
    #expect(worst < 3)
  }

  @Test func deterministicFunctionsAreNearTheTruth() {
    var numbers = Numbers(16)
    var worst = (exp: 0.0, log: 0.0, sin: 0.0, cos: 0.0)
    for i in 0..<40_000 {
      let unit = Double(numbers.float())
      let x = unit * 700
      worst.exp = max(worst.exp, ulps(Deterministic.exp(x), Foundation.exp(x)))
      let positive = i % 2 == 0 ? Foundation.exp(x) : 1 + unit / 2
      worst.log = max(worst.log, ulps(Deterministic.log(positive), Foundation.log(positive)))
      let angle = i % 2 == 0 ? unit * 7 : unit * 799_000
      worst.sin = max(worst.sin, ulps(Deterministic.sin(angle), Foundation.sin(angle)))
      worst.cos = max(worst.cos, ulps(Deterministic.cos(angle), Foundation.cos(angle)))
    }
    #expect(
      worst.exp <= 1.5 && worst.log <= 1.5 && worst.sin <= 1.5 && worst.cos <= 1.5, "\(worst)")
  }

  @Test func deterministicFunctionsKnowTheirLimits() {
    #expect(Deterministic.exp(0.0) == 1 && Deterministic.log(1.0) == 0)
    #expect(Deterministic.exp(-800.0) == 0 && Deterministic.exp(800.0) == .infinity)
    #expect(Deterministic.exp(-740.0) > 0 && Deterministic.exp(709.7).isFinite)
    #expect(Deterministic.log(0.0) == -.infinity && Deterministic.log(-1.0).isNaN)
    #expect(Deterministic.log(Double.infinity) == .infinity)
    let tiny = Double.leastNonzeroMagnitude
    #expect(ulps(Deterministic.log(tiny), Foundation.log(tiny)) <= 1)
    #expect(Deterministic.sin(0.0) == 0 && Deterministic.cos(0.0) == 1)
    #expect(Deterministic.sin(Double.infinity).isNaN && Deterministic.cos(Double.nan).isNaN)
    #expect(Deterministic.exp(Float(1)) == 2.718_281_8)
  }

  private func ulps(_ x: Double, _ truth: Double) -> Double {
    abs(x - truth) / max(truth.ulp, .leastNonzeroMagnitude)
  }
}
