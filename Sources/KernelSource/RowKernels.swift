// Kernels over rows of activations. Sums have sixteen lanes and one fixed order, whatever the machine.
// Tails are read with zeros behind them; nothing behind `count` is read or written.
import CIntrinsics

typealias Row = UnsafePointer<Float>
typealias MutableRow = UnsafeMutablePointer<Float>

/// Calls `body(offset, width)` for each sixteen elements of a row.
@inline(__always)
private func eachVector(_ count: Int, _ body: (Int, Int) -> Void) {
  var i = 0
  while i &+ 16 <= count {
    body(i, 16)
    i &+= 16
  }
  if i < count { body(i, count &- i) }
}

@inline(__always)
private func read(_ p: Row, _ i: Int, _ width: Int) -> f32x16 {
  width == 16 ? load(p, i) : ci_load_first(p + i, width)
}

@inline(__always)
private func write(_ v: f32x16, _ p: MutableRow, _ i: Int, _ width: Int) {
  if width == 16 { store(v, p, i) } else { ci_store_first(p + i, v, width) }
}

@inline(never)
func rmsNorm(
  _ x: Row, _ weight: Row, _ epsilon: Float, _ output: MutableRow, _ tokens: Int, _ count: Int,
  _ stride: Int
) {
  for t in 0..<tokens {
    let row = x + t &* stride
    let to = output + t &* stride
    var squares = ci_splat(0)
    eachVector(count) { i, width in
      let v = read(row, i, width)
      squares = ci_fma(v, v, squares)
    }
    let mean = laneSum(squares) / Float(count)
    let factor = ci_splat(1 / (mean + epsilon).squareRoot())
    eachVector(count) { i, width in
      write(read(row, i, width) * factor * read(weight, i, width), to, i, width)
    }
  }
}

@inline(never)
func layerNorm(
  _ x: MutableRow, _ weight: Row, _ bias: Row, _ epsilon: Float, _ tokens: Int, _ count: Int,
  _ stride: Int
) {
  for t in 0..<tokens {
    let row = x + t &* stride
    var sum = ci_splat(0)
    eachVector(count) { i, width in sum = sum + read(row, i, width) }
    normalise(row, sum, weight, bias, epsilon, count)
  }
}

/// x = layerNorm(x + (y + yBias)), in one pass over memory.
@inline(never)
func addLayerNorm(
  _ x: MutableRow, _ y: Row, _ yBias: Row, _ weight: Row, _ bias: Row, _ epsilon: Float,
  _ tokens: Int, _ count: Int, _ stride: Int
) {
  for t in 0..<tokens {
    let row = x + t &* stride
    let added = y + t &* stride
    var sum = ci_splat(0)
    eachVector(count) { i, width in
      let v = read(row, i, width) + (read(added, i, width) + read(yBias, i, width))
      write(v, row, i, width)
      sum = sum + v
    }
    normalise(row, sum, weight, bias, epsilon, count)
  }
}

/// Normalises a row whose sum stands in sixteen lanes.
@inline(__always)
private func normalise(
  _ row: MutableRow, _ sum: f32x16, _ weight: Row, _ bias: Row, _ epsilon: Float, _ count: Int
) {
  let mean = ci_splat(laneSum(sum) / Float(count))
  var squares = ci_splat(0)
  eachVector(count) { i, width in
    let inside = ci_first_lanes(Int32(truncatingIfNeeded: width))
    let v = ci_select(inside, read(row, i, width) - mean, ci_splat(0))
    squares = ci_fma(v, v, squares)
  }
  let factor = ci_splat(1 / (laneSum(squares) / Float(count) + epsilon).squareRoot())
  eachVector(count) { i, width in
    let v = (read(row, i, width) - mean) * factor
    write(ci_fma(v, read(weight, i, width), read(bias, i, width)), row, i, width)
  }
}

/// x += y; a `yStride` of zero adds one row to every token.
@inline(never)
func add(_ x: MutableRow, _ y: Row, _ tokens: Int, _ count: Int, _ stride: Int, _ yStride: Int) {
  for t in 0..<tokens {
    let row = x + t &* stride
    let other = y + t &* yStride
    eachVector(count) { i, width in
      write(read(row, i, width) + read(other, i, width), row, i, width)
    }
  }
}

@inline(never)
func scale(_ x: MutableRow, _ factor: Float, _ tokens: Int, _ count: Int, _ stride: Int) {
  for t in 0..<tokens {
    let row = x + t &* stride
    eachVector(count) { i, width in
      write(read(row, i, width) * ci_splat(factor), row, i, width)
    }
  }
}

/// gate = gate / (1 + e^-gate) * up.
@inline(never)
func siluMultiply(_ gate: MutableRow, _ up: Row, _ tokens: Int, _ count: Int, _ stride: Int) {
  for t in 0..<tokens { gated(gate + t &* stride, up + t &* stride, count, SiLU.self) }
}

/// What stands in `e^exponent(gate)` of a gated network.
private protocol Gate {
  static func exponent(_ gate: f32x16) -> f32x16
}

private enum SiLU: Gate {
  @inline(__always) static func exponent(_ gate: f32x16) -> f32x16 { -gate }
}

private enum GELU: Gate {
  @inline(__always)
  static func exponent(_ gate: f32x16) -> f32x16 {
    gate * ci_fma(gate * gate, ci_splat(-0.071_354_816_3), ci_splat(-1.595_769_12))
  }
}

/// gate = gate / (1 + e^exponent(gate)) * up, for one row.
@inline(__always)
private func gated<G: Gate>(_ gate: MutableRow, _ up: Row, _ count: Int, _: G.Type) {
  let one = ci_splat(1)
  var i = 0
  while i &+ 64 <= count {
    let g: InlineArray<4, f32x16> = loads(gate, i)
    let e = exponentials(mapped(g) { G.exponent($0) })
    for j in 0..<4 {
      store(g[j] / (one + e[j]) * load(up, i &+ 16 &* j), gate, i &+ 16 &* j)
    }
    i &+= 64
  }
  eachVector(count &- i) { j, width in
    let g = read(gate, i &+ j, width)
    let sigmoid = g / (one + exponential(G.exponent(g)))
    write(sigmoid * read(up, i &+ j, width), gate, i &+ j, width)
  }
}

/// x = gelu(x + bias), the bias one row for all tokens.
@inline(never)
func gelu(_ x: MutableRow, _ bias: Row, _ tokens: Int, _ count: Int, _ stride: Int) {
  for t in 0..<tokens {
    let row = x + t &* stride
    eachVector(count) { i, width in
      write(gaussianErrorUnit(read(row, i, width) + read(bias, i, width)), row, i, width)
    }
  }
}

/// gate = gelu(gate) * up with the approximation of GELU by tanh, as gated networks are trained with it.
///
/// `gelu(x) = x / 2 * (1 + tanh(u))` is `x / (1 + e^-2u)`, u = sqrt(2 / pi) * (x + 0.044715 x^3).
@inline(never)
func geluTanhMultiply(_ gate: MutableRow, _ up: Row, _ tokens: Int, _ count: Int, _ stride: Int) {
  for t in 0..<tokens { gated(gate + t &* stride, up + t &* stride, count, GELU.self) }
}

/// x = cap * tanh(x / cap).
@inline(never)
func softCap(_ x: MutableRow, _ cap: Float, _ tokens: Int, _ count: Int, _ stride: Int) {
  let inverse = ci_splat(1 / cap)
  for t in 0..<tokens {
    let row = x + t &* stride
    eachVector(count) { i, width in
      let tanh = hyperbolicTangent(read(row, i, width) * inverse)
      write(tanh * ci_splat(cap), row, i, width)
    }
  }
}

@inline(never)
func maximum(_ x: Row, _ count: Int) -> Float {
  guard count >= 16 else {
    var m = x[0]
    for i in 1..<max(count, 1) where x[i] > m { m = x[i] }
    return m
  }
  // Four chains hide the latency; the largest is the largest in any order.
  let first = load(x, 0)
  var m: InlineArray<4, f32x16> = [first, first, first, first]
  var i = 16
  while i &+ 64 <= count {
    for chain in 0..<4 { m[chain] = ci_max(load(x, i &+ 16 &* chain), m[chain]) }
    i &+= 64
  }
  while i &+ 16 <= count {
    m[0] = ci_max(load(x, i), m[0])
    i &+= 16
  }
  m[0] = ci_max(load(x, count &- 16), m[0])
  return laneMaximum(ci_max(ci_max(m[3], m[2]), ci_max(m[1], m[0])))
}

/// The first index of the largest value.
@inline(never)
func argmax(_ x: Row, _ count: Int) -> Int {
  let largest = maximum(x, count)
  for i in 0..<count where x[i] == largest { return i }
  return 0
}

/// For each row the largest of its values and the sum of e^(x - largest), `partStride` floats apart.
@inline(never)
func exponentialParts(
  _ x: Row, _ rows: Int, _ count: Int, _ stride: Int, _ parts: MutableRow, _ partStride: Int
) {
  for r in 0..<rows {
    let row = x + r &* stride
    let largest = maximum(row, count)
    parts[r &* partStride] = largest
    parts[r &* partStride &+ 1] = exponentialSum(row, count, largest)
  }
}

@inline(__always)
private func exponentialSum(_ x: Row, _ count: Int, _ maximum: Float) -> Float {
  let largest = ci_splat(maximum)
  var sum = ci_splat(0)
  var i = 0
  while i &+ 64 <= count {
    let four: InlineArray<4, f32x16> = loads(x, i)
    let e = exponentials(mapped(four) { $0 - largest })
    for j in 0..<4 { sum = sum + e[j] }
    i &+= 64
  }
  eachVector(count &- i) { j, width in
    let e = exponential(read(x, i &+ j, width) - largest)
    let inside = ci_first_lanes(Int32(truncatingIfNeeded: width))
    sum = sum + (width == 16 ? e : ci_select(inside, e, ci_splat(0)))
  }
  return laneSum(sum)
}

@inline(never)
func exponentialRow(_ x: Row, _ output: MutableRow, _ count: Int) {
  eachVector(count) { i, width in write(exponential(read(x, i, width)), output, i, width) }
}

@inline(never)
func fusedMultiplyAdd(_ a: Row, _ b: Row, _ c: Row, _ output: MutableRow, _ count: Int) {
  eachVector(count) { i, width in
    write(ci_fma(read(a, i, width), read(b, i, width), read(c, i, width)), output, i, width)
  }
}
