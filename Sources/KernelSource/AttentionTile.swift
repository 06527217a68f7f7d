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
    _ tile: AttentionRows, _ keys: UnsafeRawPointer, _ keyStride: Int, _ ahead: Int,
    _ scores: UnsafeMutablePointer<Float>
  ) {
    let queries = tile.queries
    var f = InlineArray<P, InlineArray<T, f32x16>>(
      repeating: InlineArray<T, f32x16>(repeating: f32x16(repeating: 0)))
    var d = 0
    for part in 0..<P {
      // In each part of the dimension one of the blocks that are due next is asked for, front to back.
      var line = keys + (part &* keyStride &+ ahead)
      while d < (part &+ 1) &* tile.dimension / P {
        // Two steps at once would need more registers than there are.
        ci_keep_order()
        var k = InlineArray<P, f32x16>(repeating: f32x16(repeating: 0))
        for p in 0..<P { k[p] = E.load(keys + p &* keyStride, 16 &* d) }
        if E.streams {
          for j in 0..<(P &+ 1) / 2 { ci_prefetch_near(line + 64 &* j) }
          line += 32 &* P
        }
        for t in 0..<T {
          let q = ci_splat(queries[t &* tile.width &+ d])
          for p in 0..<P { f[p][t] = ci_fma(q, k[p], f[p][t]) }
        }
        d &+= 1
      }
    }
    for t in 0..<T {
      for p in 0..<P { store(f[p][t], scores, t &* scoreStride &+ 16 &* p) }
    }
  }

  /// Scores of `blocks` blocks, P at a time as registers allow.
  @inline(__always)
  static func sweep(_ tile: AttentionRows, _ piece: KVPiece, _ blocks: Int) {
    var b = 0
    while b &+ P <= blocks {
      run(
        tile, piece.keys + b &* piece.keyStride, piece.keyStride, piece.keysAhead,
        tile.scores + (piece.offset &+ 16 &* b))
      b &+= P
    }
    if P == 4, b &+ 2 <= blocks {
      ScoreTile<T, 2, E>.run(
        tile, piece.keys + b &* piece.keyStride, piece.keyStride, piece.keysAhead,
        tile.scores + (piece.offset &+ 16 &* b))
      b &+= 2
    }
    while b < blocks {
      ScoreTile<T, 1, E>.run(
        tile, piece.keys + b &* piece.keyStride, piece.keyStride, piece.keysAhead,
        tile.scores + (piece.offset &+ 16 &* b))
      b &+= 1
    }
  }
}

/// T query rows times J vectors of 16 value columns: one chain over positions for each output.
struct ValueTile<let T: Int, let J: Int, E: KVElements> {
  /// outputs += weights * V for the positions `first ..< end` of a piece, from its first block.
  @inline(__always)
  static func run(_ tile: AttentionRows, _ piece: KVPiece, _ end: Int, _ column: Int) {
    var f = InlineArray<T, InlineArray<J, f32x16>>(
      repeating: InlineArray<J, f32x16>(repeating: f32x16(repeating: 0)))
    let outputs = tile.outputs + column
    let weights = tile.scores + piece.offset
    for t in 0..<T { for j in 0..<J { f[t][j] = load(outputs, t &* tile.width &+ 16 &* j) } }
    var block = piece.values + E.bytes &* column
    var p = piece.first
    while p < end {
      let blockEnd = min(end, (p | 15) &+ 1)
      var v = block + E.bytes &* (p & 15) &* tile.width
      while p < blockEnd {
        var row = InlineArray<J, f32x16>(repeating: f32x16(repeating: 0))
        for j in 0..<J { row[j] = E.load(v, 16 &* j) }
        if E.streams {
          for j in 0..<(J &+ 1) / 2 { ci_prefetch_near(v + (piece.valuesAhead &+ 64 &* j)) }
        }
        for t in 0..<T {
          let weight = ci_splat(weights[t &* scoreStride &+ p])
          for j in 0..<J { f[t][j] = ci_fma(weight, row[j], f[t][j]) }
        }
        v += E.bytes &* tile.width
        p &+= 1
      }
      block += piece.valueStride
    }
    for t in 0..<T { for j in 0..<J { store(f[t][j], outputs, t &* tile.width &+ 16 &* j) } }
  }

  /// Columns from `column` on while J vectors fit; returns the first column that is left.
  @inline(__always)
  static func sweep(_ tile: AttentionRows, _ piece: KVPiece, _ end: Int, _ column: Int) -> Int {
    var column = column
    while column &+ 16 &* J <= tile.width {
      run(tile, piece, end, column)
      column &+= 16 &* J
    }
    return column
  }
}

/// Tiles of T rows with as many accumulators as `Tiling` grants.
struct RowTile<let T: Int, E: KVElements> {
  @inline(__always)
  static func score(_ tile: AttentionRows, _ piece: KVPiece, _ blocks: Int) {
    if Tiling.scoreVectors >= 4 &* T {
      ScoreTile<T, 4, E>.sweep(tile, piece, blocks)
    } else if Tiling.scoreVectors >= 2 &* T {
      ScoreTile<T, 2, E>.sweep(tile, piece, blocks)
    } else {
      ScoreTile<T, 1, E>.sweep(tile, piece, blocks)
    }
  }

  @inline(__always)
  static func accumulate(_ tile: AttentionRows, _ piece: KVPiece, _ end: Int) {
    var column = 0
    if Tiling.valueVectors >= 8 &* T {
      column = ValueTile<T, 8, E>.sweep(tile, piece, end, column)
    }
    if Tiling.valueVectors >= 4 &* T {
      column = ValueTile<T, 4, E>.sweep(tile, piece, end, column)
    }
    if Tiling.valueVectors >= 2 &* T {
      column = ValueTile<T, 2, E>.sweep(tile, piece, end, column)
    }
    _ = ValueTile<T, 1, E>.sweep(tile, piece, end, column)
  }
}

/// scores = queries * K for the first `blocks` blocks of a piece.
@inline(never)
func score<E: KVElements>(_ tile: AttentionRows, _ piece: KVPiece, _ blocks: Int, _: E.Type) {
  switch tile.count {
  case 6: RowTile<6, E>.score(tile, piece, blocks)
  case 5: RowTile<5, E>.score(tile, piece, blocks)
  case 4: RowTile<4, E>.score(tile, piece, blocks)
  case 3: RowTile<3, E>.score(tile, piece, blocks)
  case 2: RowTile<2, E>.score(tile, piece, blocks)
  default: RowTile<1, E>.score(tile, piece, blocks)
  }
}

/// outputs += weights * V for the positions of a piece before `end`.
@inline(never)
func accumulate<E: KVElements>(_ tile: AttentionRows, _ piece: KVPiece, _ end: Int, _: E.Type) {
  switch tile.count {
  case 6: RowTile<6, E>.accumulate(tile, piece, end)
  case 5: RowTile<5, E>.accumulate(tile, piece, end)
  case 4: RowTile<4, E>.accumulate(tile, piece, end)
  case 3: RowTile<3, E>.accumulate(tile, piece, end)
  case 2: RowTile<2, E>.accumulate(tile, piece, end)
  default: RowTile<1, E>.accumulate(tile, piece, end)
  }
}
