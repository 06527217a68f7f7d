import Testing

@testable import Kernels

@Suite struct HalfPrecisionTests {
  /// Every half, its neighbours halfway to the next, what lies just beside those, and random bits.
  @Test(arguments: ISA.available)
  func floatsRoundToNearestEvenAndSaturate(isa: ISA) throws {
    let kernels = try Backend(isa: isa, threads: 1).kernels
    var numbers = Numbers(21)
    var floats: [Float] = [.infinity, -.infinity, 65504, 65519.99, 65520, 1e9, -1e9, 0, -0.0]
    for pattern in UInt16(0)..<0x7C00 {
      let low = Float(Float16(bitPattern: pattern))
      let middle = (low + Float(Float16(bitPattern: pattern + 1))) / 2
      floats += [low, middle, middle.nextUp, -middle, middle.nextDown]
    }
    floats += (0..<200_000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: numbers.next()))
    }
    .filter { !$0.isNaN }
    var halves = [UInt16](repeating: 0, count: floats.count)
    kernels.to_half(floats, &halves, floats.count)
    for (value, half) in zip(floats, halves) {
      let expected = Float16(min(max(value, -65504), 65504)).bitPattern
      if half != expected {
        Issue.record("\(value): \(half), expected \(expected)")
        return
      }
    }
  }

  @Test(arguments: ISA.available)
  func whatIsNotANumberIsStoredAsTheLargest(isa: ISA) throws {
    let kernels = try Backend(isa: isa, threads: 1).kernels
    var halves = [UInt16](repeating: 0, count: 3)
    kernels.to_half([.nan, -.nan, .signalingNaN], &halves, 3)
    #expect(halves == [0x7BFF, 0x7BFF, 0x7BFF])
  }

  @Test(arguments: ISA.available)
  func everyHalfWidensExactly(isa: ISA) throws {
    let kernels = try Backend(isa: isa, threads: 1).kernels
    let halves = (UInt16(0)...0xFFFF).filter { $0 & 0x7C00 != 0x7C00 || $0 & 0x3FF == 0 }
    var floats = [Float](repeating: 0, count: halves.count)
    kernels.from_half(halves, &floats, halves.count)
    #expect(bits(floats) == bits(halves.map { Float(Float16(bitPattern: $0)) }))
  }
}
