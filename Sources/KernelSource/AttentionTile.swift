import CIntrinsics

/// Attention of T query rows over all spans of a request.
///
/// Scores of all spans are gathered into one row in the order of the spans. A score depends on its query
/// and key alone, softmax sums have 16 lanes over the gathered index, and P V is one chain over it: the
/// bits depend neither on where spans are cut nor on the rows that share the tile.
struct AttentionTile<let T: Int> {
  @inline(__always)
  static func run(_ job: AttentionJob) {
    gatherScores(job, job.visible(T &- 1))
    for row in 0..<T {
      let scores = job.scores + row &* job.scoreStride
      job.inverses[row] = 1 / softmaxNumerators(scores, job.visible(row), job.shape.scale)
    }
    // What every row of the tile sees, then for later rows what only they see.
    let common = job.visible(0)
    accumulate(job, common)
    for row in 1..<max(T, 1) where job.visible(row) > common {
      AttentionTile<1>.accumulateColumns(job, row, common, job.visible(row))
    }
  }

  @inline(__always)
  private static func gatherScores(_ job: AttentionJob, _ count: Int) {
    var start = 0
    for index in 0..<job.request.span_count {
      let span = job.request.spans[index]
      let blocks = (min(span.count, count &- start) &+ 15) / 16
      var b = 0
      if Tiling.scoreBlocks == 2 {
        while b &+ 2 <= blocks {
          scoreBlocks(job, job.block(span.base, b), job.block(span.base, b &+ 1), start &+ 16 &* b)
          b &+= 2
        }
      }
      while b < blocks {
        scoreBlock(job, job.block(span.base, b), start &+ 16 &* b)
        b &+= 1
      }
      start &+= span.count
      if start >= count { break }
    }
  }

  @inline(__always)
  private static func scoreBlocks(
    _ job: AttentionJob, _ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, _ at: Int
  ) {
    var f = InlineArray<T, f32x16>(repeating: f32x16(repeating: 0))
    var g = InlineArray<T, f32x16>(repeating: f32x16(repeating: 0))
    var d = 0
    while d < job.shape.head_dimension {
      let k = load(first, 16 &* d)
      let l = load(second, 16 &* d)
      for t in 0..<T {
        let q = ci_splat(job.queries[t &* job.width &+ d])
        f[t] = ci_fma(q, k, f[t])
        g[t] = ci_fma(q, l, g[t])
      }
      d &+= 1
    }
    for t in 0..<T {
      store(f[t], job.scores, t &* job.scoreStride &+ at)
      store(g[t], job.scores, t &* job.scoreStride &+ at &+ 16)
    }
  }

  @inline(__always)
  private static func scoreBlock(_ job: AttentionJob, _ keys: UnsafePointer<Float>, _ at: Int) {
    var f = InlineArray<T, f32x16>(repeating: f32x16(repeating: 0))
    var d = 0
    while d < job.shape.head_dimension {
      let k = load(keys, 16 &* d)
      for t in 0..<T { f[t] = ci_fma(ci_splat(job.queries[t &* job.width &+ d]), k, f[t]) }
      d &+= 1
    }
    for t in 0..<T { store(f[t], job.scores, t &* job.scoreStride &+ at) }
  }

  @inline(__always)
  private static func accumulate(_ job: AttentionJob, _ count: Int) {
    accumulateColumns(job, 0, 0, count)
  }

  /// outputs[row ..< row + T] += scores * V for the gathered positions `from ..< to`.
  @inline(__always)
  static func accumulateColumns(_ job: AttentionJob, _ row: Int, _ from: Int, _ to: Int) {
    var column = 0
    if Tiling.valueVectors == 4 {
      while column &+ 64 <= job.width {
        ValueTile<T, 4>.run(job, row, column, from, to)
        column &+= 64
      }
      if column &+ 32 <= job.width {
        ValueTile<T, 2>.run(job, row, column, from, to)
        column &+= 32
      }
    }
    while column < job.width {
      ValueTile<T, 1>.run(job, row, column, from, to)
      column &+= 16
    }
  }
}

/// T query rows times J vectors of 16 value columns: one chain over positions for each output.
struct ValueTile<let T: Int, let J: Int> {
  @inline(__always)
  static func run(_ job: AttentionJob, _ row: Int, _ column: Int, _ from: Int, _ to: Int) {
    var f = InlineArray<T, InlineArray<J, f32x16>>(
      repeating: InlineArray<J, f32x16>(repeating: f32x16(repeating: 0)))
    let outputs = job.outputs + (row &* job.width &+ column)
    let scores = job.scores + row &* job.scoreStride
    for t in 0..<T { for j in 0..<J { f[t][j] = load(outputs, t &* job.width &+ 16 &* j) } }
    var start = 0
    var index = 0
    var p = from
    while p < to {
      let span = job.request.spans[index]
      let end = min(to, start &+ span.count)
      while p < end {
        let inside = p &- start
        let blockEnd = min(end, p &- (inside & 15) &+ 16)
        var v = job.block(span.base, inside &>> 4) + 16 &* job.shape.head_dimension
        v += (inside & 15) &* job.width &+ column
        while p < blockEnd {
          for t in 0..<T {
            let weight = ci_splat(scores[t &* job.scoreStride &+ p])
            for j in 0..<J { f[t][j] = ci_fma(weight, load(v, 16 &* j), f[t][j]) }
          }
          v += job.width
          p &+= 1
        }
      }
      start &+= span.count
      index &+= 1
    }
    for t in 0..<T { for j in 0..<J { store(f[t][j], outputs, t &* job.width &+ 16 &* j) } }
  }
}

/// scores[i] = e^((scores[i] - maximum) * scale); returns their sum.
@inline(__always)
func softmaxNumerators(
  _ scores: UnsafeMutablePointer<Float>, _ count: Int, _ scale: Float
) -> Float {
  let largest = ci_splat(maximum(scores, count))
  let factor = ci_splat(scale)
  var sum = ci_splat(0)
  var i = 0
  while i < count {
    var e = exponential((load(scores, i) - largest) * factor)
    if i &+ 16 > count {
      e = ci_select(ci_first_lanes(Int32(truncatingIfNeeded: count &- i)), e, ci_splat(0))
    }
    sum = sum + e
    store(e, scores, i)
    i &+= 16
  }
  return laneSum(sum)
}
