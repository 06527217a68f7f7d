// Superblocks of 256 weights ("K-quants"). Layouts are those of ggml-common.h; each value is
// computed in the order of ggml's dequantize_row_* (ggml-quants.c), without fused multiply-add.

/// Two bits: 16 groups of 16, each a byte of scale and offset, levels, then `d` and `dmin`.
struct Q2_K: BlockCodec {
  private var search = AffineSearch<Sixteen>(
    highestLevel: 3, highestScale: 15,
    stretches: [0.55, 0.65, 0.75, 0.82, 0.88, 0.94, 1, 1.06, 1.13, 1.22, 1.33].map { 1 / $0 })

  mutating func encode(_ x: UnsafePointer<Float>, to block: MutableBlockBytes) {
    search.fit(x)
    for group in 0..<16 {
      block.store(UInt8(search.scales[group]) | UInt8(search.offsets[group]) << 4, group)
    }
    SuperblockLayout.storePairs(joined(search.levels, plus: 0), shift: 0, in: block, at: 16)
    block.store(search.d, 80)
    block.store(search.dmin, 82)
  }

  static func decode(_ block: BlockBytes, to y: UnsafeMutablePointer<Float>) {
    let (d, dmin) = (block.half(80), block.half(82))
    for group in 0..<16 {
      let scale = d * Float(block.byte(group) & 15)
      let offset = dmin * Float(block.byte(group) >> 4)
      let q = half(SuperblockLayout.pairs(block, at: 16, group: group / 2), group % 2)
      store(Sixteen(q) * scale - offset, to: y + 16 * group)
    }
  }
}

/// Three bits: high bits, low bits, 16 signed scales of six bits, then `d`.
struct Q3_K: BlockCodec {
  private var search = SymmetricSearch(
    levels: -4...3, scales: -32...31,
    stretches: [0.5, 0.6, 0.68, 0.75, 0.8, 0.85, 0.9, 0.95, 1, 1.06, 1.13, 1.2])

  mutating func encode(_ x: UnsafePointer<Float>, to block: MutableBlockBytes) {
    search.fit(x)
    let levels = joined(search.levels, plus: 4)
    SuperblockLayout.storeBits(levels, bit: 2, in: block, at: 0)
    SuperblockLayout.storePairs(levels, shift: 0, in: block, at: 32)
    SuperblockLayout.storeSignedScales(search.scales, in: block, at: 96)
    block.store(search.d, 108)
  }

  static func decode(_ block: BlockBytes, to y: UnsafeMutablePointer<Float>) {
    let d = block.half(108)
    for group in 0..<16 {
      let scale = d * Float(SuperblockLayout.signedScale(block, at: 96, group: group))
      let low = SuperblockLayout.pairs(block, at: 32, group: group / 2)
      let high = SuperblockLayout.bits(block, at: 0, group: group / 2) &<< 2
      store((Sixteen(half(low | high, group % 2)) - 4) * scale, to: y + 16 * group)
    }
  }
}

/// Four bits: `d`, `dmin`, eight scales and offsets of six bits, levels.
struct Q4_K: BlockCodec {
  private var search = AffineSearch<ThirtyTwo>(
    highestLevel: 15, highestScale: 63,
    stretches: stride(from: 0.8, through: 1.12, by: 0.03).map { 1 / $0 })

  mutating func encode(_ x: UnsafePointer<Float>, to block: MutableBlockBytes) {
    search.fit(x)
    block.store(search.d, 0)
    block.store(search.dmin, 2)
    SuperblockLayout.storeScalePairs(search.scales, search.offsets, in: block, at: 4)
    SuperblockLayout.storeNibbles(search.levels.map(\.bytes), in: block, at: 16)
  }

  static func decode(_ block: BlockBytes, to y: UnsafeMutablePointer<Float>) {
    for group in 0..<8 {
      let q = SuperblockLayout.nibbles(block, at: 16, group: group)
      decodePair(block, group, q, to: y + 32 * group)
    }
  }
}

/// Five bits: as `Q4_K`, with a run of fifth bits before the levels.
struct Q5_K: BlockCodec {
  private var search = AffineSearch<ThirtyTwo>(
    highestLevel: 31, highestScale: 63,
    stretches: stride(from: 0.88, through: 1.08, by: 0.02).map { 1 / $0 })

  mutating func encode(_ x: UnsafePointer<Float>, to block: MutableBlockBytes) {
    search.fit(x)
    block.store(search.d, 0)
    block.store(search.dmin, 2)
    SuperblockLayout.storeScalePairs(search.scales, search.offsets, in: block, at: 4)
    let levels = search.levels.map(\.bytes)
    SuperblockLayout.storeBits(levels, bit: 4, in: block, at: 16)
    SuperblockLayout.storeNibbles(levels, in: block, at: 48)
  }

  static func decode(_ block: BlockBytes, to y: UnsafeMutablePointer<Float>) {
    for group in 0..<8 {
      let low = SuperblockLayout.nibbles(block, at: 48, group: group)
      let high = SuperblockLayout.bits(block, at: 16, group: group) &<< 4
      decodePair(block, group, low | high, to: y + 32 * group)
    }
  }
}

/// Six bits: low halves, high pairs, 16 signed bytes of scales, then `d`.
struct Q6_K: BlockCodec {
  private var search = SymmetricSearch(
    levels: -32...31, scales: -128...127,
    stretches: stride(from: 0.93, through: 1.03, by: 0.01).map { $0 })

  mutating func encode(_ x: UnsafePointer<Float>, to block: MutableBlockBytes) {
    search.fit(x)
    let levels = joined(search.levels, plus: 32)
    for half in 0..<2 {
      for part in 0..<2 {
        let (low, high) = (levels[4 * half + part], levels[4 * half + part + 2])
        block.store(low & 15 | (high & 15) &<< 4, 64 * half + 32 * part)
      }
    }
    SuperblockLayout.storePairs(levels, shift: 4, in: block, at: 128)
    for group in 0..<16 { block.store(Int8(search.scales[group]), 192 + group) }
    block.store(search.d, 208)
  }

  static func decode(_ block: BlockBytes, to y: UnsafeMutablePointer<Float>) {
    let d = block.half(208)
    for group in 0..<8 {
      let run = block.thirtyTwo(64 * (group / 4) + 32 * (group % 2))
      let low = group % 4 < 2 ? run & 15 : run &>> 4
      let levels = low | SuperblockLayout.pairs(block, at: 128, group: group) &<< 4
      for part in 0..<2 {
        let scale = d * Float(Int8(bitPattern: block.byte(192 + 2 * group + part)))
        store((Sixteen(half(levels, part)) - 32) * scale, to: y + 32 * group + 16 * part)
      }
    }
  }
}

// MARK: - Parts

/// Groups of 16 levels two by two, raised so that none is negative.
private func joined(_ levels: [Sixteen], plus shift: Float) -> SuperblockLevels {
  (0..<8).map {
    ThirtyTwo(low: levels[2 * $0] + shift, high: levels[2 * $0 + 1] + shift).bytes
  }
}

private func half(_ levels: SIMD32<UInt8>, _ index: Int) -> SIMD16<UInt8> {
  index == 0 ? levels.lowHalf : levels.highHalf
}

private func store(_ values: Sixteen, to y: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(y).storeBytes(of: values, as: Sixteen.self)
}

/// One group of 32 whose scale and offset are a pair of six bits.
private func decodePair(
  _ block: BlockBytes, _ group: Int, _ q: SIMD32<UInt8>, to y: UnsafeMutablePointer<Float>
) {
  let pair = SuperblockLayout.scalePair(block, at: 4, group: group)
  let scale = block.half(0) * Float(pair.scale)
  let offset = block.half(2) * Float(pair.offset)
  store(Sixteen(q.lowHalf) * scale - offset, to: y)
  store(Sixteen(q.highHalf) * scale - offset, to: y + 16)
}
