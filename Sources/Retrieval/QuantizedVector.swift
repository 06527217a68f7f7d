/// An embedding as int8 values with one scale.
///
/// A quarter of float32's size and memory traffic; dot products are exact integers, so that the
/// order of results is the same on every machine. What it costs in recall is in the tests.
struct QuantizedVector: Equatable {
  let scale: Float
  let values: [Int8]

  /// Rounds each value to a 127th of the largest magnitude, halves to even.
  init(_ vector: [Float]) {
    let largest = vector.reduce(0) { max($0, abs($1)) }
    guard largest > 0, largest.isFinite else {
      scale = 0
      values = [Int8](repeating: 0, count: vector.count)
      return
    }
    scale = largest / 127
    values = vector.map { value in
      let scaled = (value / largest * 127).rounded(.toNearestOrEven)
      return scaled.isNaN ? 0 : Int8(max(-127, min(127, scaled)))
    }
  }
}
