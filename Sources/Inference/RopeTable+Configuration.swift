import Kernels

extension RopeTable {
  /// A table for the model's rotary positions; it grows with the positions that are used.
  convenience init(_ rope: Rope, factors: [Float]) {
    self.init(
      rotated: rope.rotated, base: Double(rope.frequencyBase), factors: factors,
      scale: 1 / Double(rope.positionScale), magnitude: Double(rope.magnitude))
  }
}
