// The definition of attention once more, one number at a time, and the textbook's in double precision.
import Foundation
import Kernels

/// One query of one head over keys and values by position, in the order of the spans.
struct AttentionReference {
  let query: [Float]
  /// As they are before they are stored.
  let keys: [[Float]]
  let values: [[Float]]
  let scale: Float
  var softCap: Float?
  /// Whether the query sees a position.
  var sees: [Bool]

  static let block = 256

  /// What storing makes of a number: half precision, rounded to nearest even, saturated.
  static func stored(_ x: Float) -> Float {
    Float(Float16(min(max(x, -65504), 65504)))
  }

  /// What every kernel must equal bit for bit.
  func exact() -> [Float] {
    var maximum = -Float.infinity
    var sum: Float = 0
    var output = [Float](repeating: 0, count: query.count)
    for first in stride(from: 0, to: keys.count, by: Self.block) {
      let block = first..<min(first + Self.block, keys.count)
      guard block.contains(where: { sees[$0] }) else { continue }
      let found = partial(block)
      let larger = max(maximum, found.maximum)
      let scale = Reference.exp(maximum - larger)
      let weight = Reference.exp(found.maximum - larger)
      sum = Reference.fma(sum, scale, found.sum * weight)
      for d in output.indices {
        output[d] = Reference.fma(output[d], scale, found.output[d] * weight)
      }
      maximum = larger
    }
    let inverse = 1 / sum
    return output.map { $0 * inverse }
  }

  private func partial(_ block: Range<Int>) -> (maximum: Float, sum: Float, output: [Float]) {
    let factor = softCap == nil ? scale : 1
    let scores = block.map { capped(score($0)) }
    let seen = zip(block, scores).filter { sees[$0.0] }.map(\.1)
    let maximum = seen.max()! * factor
    let weights = zip(block, scores).map { position, score in
      sees[position] ? Reference.exp(Reference.fma(score, factor, -maximum)) : 0
    }
    let output = query.indices.map { d in
      zip(block, weights).reduce(Float(0)) { chain, term in
        sees[term.0] ? Reference.fma(term.1, Self.stored(values[term.0][d]), chain) : chain
      }
    }
    return (maximum, Reference.sum(weights), output)
  }

  private func score(_ position: Int) -> Float {
    zip(query, keys[position]).reduce(0) { Reference.fma($1.0, Self.stored($1.1), $0) }
  }

  private func capped(_ score: Float) -> Float {
    guard let softCap else { return score }
    return softCap * Reference.tanh(score * scale * (1 / softCap))
  }

  /// softmax(scale * q K) V over what the query sees, with the C library's functions.
  func inDouble() -> [Double] {
    let scores = keys.indices.map { position -> Double in
      let dot = zip(query, keys[position]).reduce(0.0) {
        $0 + Double($1.0) * Double(Self.stored($1.1))
      }
      guard let softCap else { return dot * Double(scale) }
      return Double(softCap) * Foundation.tanh(dot * Double(scale) / Double(softCap))
    }
    let largest = keys.indices.filter { sees[$0] }.map { scores[$0] }.max()!
    let weights = keys.indices.map { sees[$0] ? Foundation.exp(scores[$0] - largest) : 0 }
    let sum = weights.reduce(0, +)
    return query.indices.map { d in
      zip(weights, values).reduce(0) { $0 + $1.0 * Double(Self.stored($1.1[d])) } / sum
    }
  }
}
