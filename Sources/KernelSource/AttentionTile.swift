import CIntrinsics

/// How keys and values lie in memory where a tile reads them.
///
/// `load` widens sixteen consecutive values from an element index.
protocol KVElements {
  static func load(_ p: UnsafeRawPointer, _ i: Int) -> f32x16
  static var bytes: Int { get }
  /// Whether the values stream from memory, so that the next ones should be asked for early.
  static var streams: Bool { get }
}

/// As stored: for a single tile of rows, which reads every value once.
enum StoredElements: KVElements {
  @inline(__always) static func load(_ p: UnsafeRawPointer, _ i: Int) -> f32x16 {
    ci_f16(p + 2 &* i)
  }
  @inline(__always) static var bytes: Int { 2 }
  @inline(__always) static var streams: Bool { true }
}

/// Widened to float32 in the thread's scratch: for several tiles in turn.
enum WidenedElements: KVElements {
  @inline(__always) static func load(_ p: UnsafeRawPointer, _ i: Int) -> f32x16 {
    (p + 4 &* i).loadUnaligned(as: f32x16.self)
  }
  @inline(__always) static var bytes: Int { 4 }
  @inline(__always) static var streams: Bool { false }
}

/// Scores of T query rows and P blocks of 16 keys: one lane and one chain over the dimension for each.
struct ScoreTile<let T: Int, let P: Int, E: KVElements> {
  @inline(__always)
  static func run(
    _ tile: AttentionRows, _ keys: UnsafeRawPointer, _ stride: Int, _ ahead: Int,
    _ isLast: Bool, _ scores: UnsafeMutablePointer<Float>
  ) {
    let queries = tile.queries
    var f = InlineArray<P, InlineArray<T, f32x16>>(
      repeating: InlineArray<T, f32x16>(repeating: f32x16(repeating: 0)))
    var row = keys
    var d = 0
    while d < tile.dimension {
      // Two steps at once would need more registers than there are.
      ci_keep_order()
      var k = InlineArray<P, f32x16>(repeating: f32x16(repeating: 0))
      for p in 0..<P { k[p] = E.load(row, 16 &* p) }
      if E.streams {
        ci_prefetch_near(row + ahead)
        if P > 2 || isLast { ci_prefetch_near(row + (ahead &+ 64)) }
      }
      for t in 0..<T {
        let q = ci_splat(queries[t &* tile.width &+ d])
        for p in 0..<P { f[p][t] = ci_fma(q, k[p], f[p][t]) }
      }
      row += E.bytes &* stride
      d &+= 1
    }
    for t in 0..<T {
      for p in 0..<P { store(f[p][t], scores, t &* scoreStride &+ 16 &* p) }
    }
  }

  /// Scores of all blocks, P at a time as registers allow.
  @inline(__always)
  static func sweep(_ tile: AttentionRows, _ keys: KVKeys) {
    let scores = tile.scores + keys.offset
    var b = 0
    while b &+ P <= keys.blocks {
      run(
        tile, keys.base + 16 &* E.bytes &* b, keys.stride, keys.ahead, b &+ P == keys.blocks,
        scores + 16 &* b)
      b &+= P
    }
    if P == 4, b &+ 2 <= keys.blocks {
      ScoreTile<T, 2, E>.run(
        tile, keys.base + 16 &* E.bytes &* b, keys.stride, keys.ahead, b &+ 2 == keys.blocks,
        scores + 16 &* b)
      b &+= 2
    }
    while b < keys.blocks {
      ScoreTile<T, 1, E>.run(
        tile, keys.base + 16 &* E.bytes &* b, keys.stride, keys.ahead, b &+ 1 == keys.blocks,
        scores + 16 &* b)
      b &+= 1
    }
  }
}

/// T query rows times J vectors of 16 value columns: one chain over positions for each output.
struct ValueTile<let T: Int, let J: Int, E: KVElements> {
  /// outputs += weights * V, from a column on.
  @inline(__always)
  static func run(_ tile: AttentionRows, _ values: KVValues, _ column: Int) {
    var f = InlineArray<T, InlineArray<J, f32x16>>(
      repeating: InlineArray<J, f32x16>(repeating: f32x16(repeating: 0)))
    let outputs = tile.outputs + column
    let weights = tile.scores + values.offset
    for t in 0..<T { for j in 0..<J { f[t][j] = load(outputs, t &* tile.width &+ 16 &* j) } }
    var v = values.base + E.bytes &* column
    let (count, ahead, step) = (values.count, values.ahead, E.bytes &* tile.width)
    var p = 0
    while p < count {
      ci_keep_order()
      if E.streams {
        for j in 0..<(J &+ 1) / 2 { ci_prefetch_near(v + (ahead &+ 64 &* j)) }
      }
      // One vector of values at a time: of eight there is no room beside three rows.
      var w = InlineArray<T, f32x16>(repeating: f32x16(repeating: 0))
      for t in 0..<T { w[t] = ci_splat(weights[t &* scoreStride &+ p]) }
      for j in 0..<J {
        let row = E.load(v, 16 &* j)
        for t in 0..<T { f[t][j] = ci_fma(w[t], row, f[t][j]) }
      }
      v += step
      p &+= 1
    }
    for t in 0..<T { for j in 0..<J { store(f[t][j], outputs, t &* tile.width &+ 16 &* j) } }
  }

  /// Columns from `column` on while J vectors fit; returns the first column that is left.
  @inline(__always)
  static func sweep(_ tile: AttentionRows, _ values: KVValues, _ column: Int) -> Int {
    var column = column
    while column &+ 16 &* J <= tile.width {
      run(tile, values, column)
      column &+= 16 &* J
    }
    return column
  }
}

/// Tiles of T rows with as many accumulators as `Tiling` grants.
struct RowTile<let T: Int, E: KVElements> {
  @inline(__always)
  static func score(_ tile: AttentionRows, _ keys: KVKeys) {
    if Tiling.scoreVectors >= 4 &* T {
      ScoreTile<T, 4, E>.sweep(tile, keys)
    } else if Tiling.scoreVectors >= 2 &* T {
      ScoreTile<T, 2, E>.sweep(tile, keys)
    } else {
      ScoreTile<T, 1, E>.sweep(tile, keys)
    }
  }

  @inline(__always)
  static func accumulate(_ tile: AttentionRows, _ values: KVValues) {
    var column = 0
    if Tiling.valueVectors >= 8 &* T {
      column = ValueTile<T, 8, E>.sweep(tile, values, column)
    }
    if Tiling.valueVectors >= 4 &* T {
      column = ValueTile<T, 4, E>.sweep(tile, values, column)
    }
    if Tiling.valueVectors >= 2 &* T {
      column = ValueTile<T, 2, E>.sweep(tile, values, column)
    }
    _ = ValueTile<T, 1, E>.sweep(tile, values, column)
  }
}

/// scores = queries * K.
@inline(never)
func score<E: KVElements>(_ tile: AttentionRows, _ keys: KVKeys, _: E.Type) {
  switch tile.count {
  case 6: RowTile<6, E>.score(tile, keys)
  case 5: RowTile<5, E>.score(tile, keys)
  case 4: RowTile<4, E>.score(tile, keys)
  case 3: RowTile<3, E>.score(tile, keys)
  case 2: RowTile<2, E>.score(tile, keys)
  default: RowTile<1, E>.score(tile, keys)
  }
}

/// outputs += weights * V.
@inline(never)
func accumulate<E: KVElements>(_ tile: AttentionRows, _ values: KVValues, _: E.Type) {
  switch tile.count {
  case 6: RowTile<6, E>.accumulate(tile, values)
  case 5: RowTile<5, E>.accumulate(tile, values)
  case 4: RowTile<4, E>.accumulate(tile, values)
  case 3: RowTile<3, E>.accumulate(tile, values)
  case 2: RowTile<2, E>.accumulate(tile, values)
  default: RowTile<1, E>.accumulate(tile, values)
  }
}
