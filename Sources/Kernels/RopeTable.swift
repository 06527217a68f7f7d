/// Cosines and sines of rotary position embedding, by position and pair.
///
/// The angle of pair i at position p is `p * scale * base^(-2 i / rotated) / factors[i]`; cosines and sines
/// are multiplied by `magnitude`. Computed with `Deterministic`, so it has the same bits on every machine.
package final class RopeTable: @unchecked Sendable {
  /// Dimensions of a head that are rotated.
  package let rotated: Int
  /// Positions that the table holds.
  package private(set) var positions = 0
  private let frequencies: [Double]
  private let magnitude: Double
  private var memory = (cosines: FloatBuffer(0), sines: FloatBuffer(0))

  package init(
    rotated: Int, base: Double, factors: [Float] = [], scale: Double = 1, magnitude: Double = 1
  ) {
    precondition(rotated % 2 == 0 && (factors.isEmpty || factors.count == rotated / 2))
    self.rotated = rotated
    self.magnitude = magnitude
    let logarithm = Deterministic.log(base)
    frequencies = (0..<rotated / 2).map { i in
      let plain = Deterministic.exp(-logarithm * Double(2 * i) / Double(rotated))
      return plain * scale / (factors.isEmpty ? 1 : Double(factors[i]))
    }
  }

  var cosines: UnsafePointer<Float> { UnsafePointer(memory.cosines.pointer) }
  var sines: UnsafePointer<Float> { UnsafePointer(memory.sines.pointer) }

  /// Makes the table hold at least the positions below `wanted`; not while a kernel uses it.
  package func reserve(positions wanted: Int) {
    if wanted <= positions { return }
    let total = max(wanted, min(2 * positions, positions + 4096), 256)
    let half = frequencies.count
    let fresh = (cosines: FloatBuffer(total * half), sines: FloatBuffer(total * half))
    fresh.cosines.pointer.update(from: memory.cosines.pointer, count: positions * half)
    fresh.sines.pointer.update(from: memory.sines.pointer, count: positions * half)
    for position in positions..<total {
      for (i, frequency) in frequencies.enumerated() {
        let angle = Double(position) * frequency
        fresh.cosines.pointer[position * half + i] = Float(magnitude * Deterministic.cos(angle))
        fresh.sines.pointer[position * half + i] = Float(magnitude * Deterministic.sin(angle))
      }
    }
    memory = fresh
    positions = total
  }
}
