import CIntrinsics

/// Multiplies row groups `firstGroup ..< firstGroup + groups` by token tiles `firstTile ..< + tiles`.
@inline(never)
func multiply(
  _ job: UnsafePointer<ci_matmul>, _ firstGroup: Int, _ groups: Int, _ firstTile: Int, _ tiles: Int,
  _ panel: UnsafeMutableRawPointer?
) {
  switch job.pointee.format {
  case CI_F32: multiplyFloats(job.pointee, firstGroup, groups, firstTile, tiles, CI_F32)
  case CI_F16: multiplyFloats(job.pointee, firstGroup, groups, firstTile, tiles, CI_F16)
  case CI_BF16: multiplyFloats(job.pointee, firstGroup, groups, firstTile, tiles, CI_BF16)
  default: multiplyQuantised(job.pointee, firstGroup, groups, firstTile, tiles, panel)
  }
}

private func multiplyQuantised(
  _ job: ci_matmul, _ firstGroup: Int, _ groups: Int, _ firstTile: Int, _ tiles: Int,
  _ panel: UnsafeMutableRawPointer?
) {
  let blocks = ci_block_count(job.columns)
  let tokenBytes = blocks &* ci_token_bytes(job.fields)
  let stride = ci_group_bytes(job.format, job.columns)
  let split = TileSplit(job.tokens, limit: job.tile_tokens)
  let end = firstGroup &+ groups
  var group = firstGroup
  while group < end {
    let wide = min(Tiling.rowGroups, end &- group)
    let weights = job.weights + group &* stride
    // The first tile is the widest; a panel pays for itself from two tokens on.
    let expanded = split.size(firstTile) > 1 ? expandGroups(weights, job, wide, panel!) : nil
    // Past the end too: a thread's next unit mostly begins there.
    let next = weights + wide &* stride
    let nextBytes = min(Tiling.rowGroups, job.row_groups &- group &- wide) &* stride
    for tile in firstTile..<firstTile &+ tiles {
      let start = split.start(tile)
      let records = job.input + start &* tokenBytes
      let output = job.output + (start &* job.output_stride &+ group &* 16)
      let tokens = split.size(tile)
      if tokens > 1, let expanded {
        let ahead = NextWeights(
          next, nextBytes, tile &- firstTile, of: tiles, steps: blocks / 2)
        #if KERNELS_AVX2
          if job.format != CI_Q8_0 && job.format != CI_IQ4_NL {
            multiplyNarrow(expanded, ahead, job, tokens, records, blocks, output)
            continue
          }
        #endif
        multiplyTile(expanded, ahead, job, wide, tokens, records, blocks, output)
      } else {
        let x = ActivationTile(records, job, tokens: 1, from: 0)
        for r in 0..<wide {
          multiplyVector(weights + r &* stride, job.format, job.columns, x, output + 16 &* r)
        }
      }
    }
    group &+= wide
  }
}

/// A tile's share of the weights that are expanded next: asked for a few lines at a time while the tile is
/// multiplied, so that they come from memory meanwhile and never fill the buffers for lines on their way.
struct NextWeights {
  private(set) var line: UnsafeRawPointer
  /// Lines for each of the tile's steps, which are pairs of blocks.
  let lines: Int

  /// The share `index` of `count`.
  @inline(__always)
  init(_ weights: UnsafeRawPointer, _ bytes: Int, _ index: Int, of count: Int, steps: Int) {
    let first = (bytes &* index / count) & ~63
    line = weights + first
    lines = (bytes &* (index &+ 1) / count &- first &+ 64 &* steps &- 1) / (64 &* steps)
  }

  @inline(__always)
  mutating func prefetch() {
    for _ in 0..<lines {
      ci_prefetch(line)
      line += 64
    }
  }
}

/// Expands the groups that one row of tiles shares.
private func expandGroups(
  _ weights: UnsafeRawPointer, _ job: ci_matmul, _ groups: Int, _ panel: UnsafeMutableRawPointer
) -> ExpandedWeights {
  let blocks = ci_block_count(job.columns)
  let stride = ci_group_bytes(job.format, job.columns)
  let records = stride / ci_record_bytes(job.format)
  let scaleStride = 64 &* blocks &* ci_scale_vectors(job.format)
  if job.format == CI_Q8_0 || Tiling.readsNibbles && job.format == CI_Q4_0 {
    for r in 0..<groups {
      expandScales(weights + r &* stride, job.format, records, panel + r &* scaleStride)
    }
    return ExpandedWeights(
      values: weights + RecordLayout(job.format).values, scales: UnsafeRawPointer(panel),
      valueStride: stride, scaleStride: scaleStride, pairStep: ci_record_bytes(job.format))
  }
  let scales = panel + groups &* 512 &* blocks
  for r in 0..<groups {
    let part = Panel(values: panel + r &* 512 &* blocks, scales: scales + r &* scaleStride)
    expand(weights + r &* stride, job.format, records, part)
  }
  return ExpandedWeights(
    values: UnsafeRawPointer(panel), scales: UnsafeRawPointer(scales),
    valueStride: 512 &* blocks, scaleStride: scaleStride, pairStep: 1024)
}

private func multiplyTile(
  _ w: ExpandedWeights, _ ahead: NextWeights, _ job: ci_matmul, _ groups: Int, _ tokens: Int,
  _ a: UnsafeRawPointer, _ blocks: Int, _ c: UnsafeMutablePointer<Float>
) {
  switch job.format {
  case CI_Q8_0, CI_IQ4_NL:
    ExpandedTiles<ByteKind>.run(w, ahead, job, groups, tokens, a, blocks, c)
  case CI_Q4_0 where Tiling.readsNibbles:
    ExpandedTiles<NibbleKind>.run(w, ahead, job, groups, tokens, a, blocks, c)
  case CI_Q4_0, CI_Q5_0:
    // Where the dot product of bytes is the same for all weights, one kind of tile serves both.
    if ci_byte_offset() == 128 {
      ExpandedTiles<ByteKind>.run(w, ahead, job, groups, tokens, a, blocks, c)
    } else {
      ExpandedTiles<OffsetKind>.run(w, ahead, job, groups, tokens, a, blocks, c)
    }
  case CI_Q3_K, CI_Q6_K: ExpandedTiles<HalvesKind>.run(w, ahead, job, groups, tokens, a, blocks, c)
  case CI_Q2_K: ExpandedTiles<HalvesAddendKind>.run(w, ahead, job, groups, tokens, a, blocks, c)
  default: ExpandedTiles<AddendKind>.run(w, ahead, job, groups, tokens, a, blocks, c)
  }
}

/// The tiles of one kind.
private enum ExpandedTiles<Kind: TileKind> {
  static func run(
    _ w: ExpandedWeights, _ ahead: NextWeights, _ job: ci_matmul, _ groups: Int, _ tokens: Int,
    _ a: UnsafeRawPointer, _ blocks: Int, _ c: UnsafeMutablePointer<Float>
  ) {
    let cs = job.output_stride
    if Tiling.rowGroups == 2 && groups == 2 {
      // What remains of a batch beside a matrix unit's tiles has up to fifteen tokens.
      let parts = TileSplit(tokens, limit: 6)
      for part in 0..<parts.count {
        let token = parts.start(part)
        let x = ActivationTile(a, job, tokens: tokens, from: token)
        let output = c + token &* cs
        switch parts.size(part) {
        case 6: ExpandedTile<Kind, 2, 6>.run(w, ahead, x, blocks, output, cs)
        case 5: ExpandedTile<Kind, 2, 5>.run(w, ahead, x, blocks, output, cs)
        case 4: ExpandedTile<Kind, 2, 4>.run(w, ahead, x, blocks, output, cs)
        case 3: ExpandedTile<Kind, 2, 3>.run(w, ahead, x, blocks, output, cs)
        default: ExpandedTile<Kind, 2, 2>.run(w, ahead, x, blocks, output, cs)
        }
      }
      return
    }
    // A group alone: three or four tokens at a time.
    let parts = TileSplit(tokens, limit: 4)
    for part in 0..<parts.count {
      let token = parts.start(part)
      let x = ActivationTile(a, job, tokens: tokens, from: token)
      let output = c + token &* cs
      switch parts.size(part) {
      case 4: ExpandedTile<Kind, 1, 4>.run(w, ahead, x, blocks, output, cs)
      case 3: ExpandedTile<Kind, 1, 3>.run(w, ahead, x, blocks, output, cs)
      default: ExpandedTile<Kind, 1, 2>.run(w, ahead, x, blocks, output, cs)
      }
    }
  }
}

@inline(__always)
private func multiplyFloats(
  _ job: ci_matmul, _ firstGroup: Int, _ groups: Int, _ firstTile: Int, _ tiles: Int, _ format: Int
) {
  let stride = ci_group_bytes(format, job.columns)
  let split = TileSplit(job.tokens, limit: job.tile_tokens)
  let input = job.input.assumingMemoryBound(to: Float.self)
  let end = firstGroup &+ groups
  var group = firstGroup
  while group < end {
    let wide = min(Tiling.rowGroups, end &- group)
    let weights = job.weights + group &* stride
    for tile in firstTile..<firstTile &+ tiles {
      let start = split.start(tile)
      floatTile(
        wide, split.size(tile), weights, stride, input + start &* job.input_stride,
        job.input_stride, job.columns,
        job.output + (start &* job.output_stride &+ group &* 16), job.output_stride, format)
    }
    group &+= wide
  }
}

@inline(__always)
private func floatTile(
  _ groups: Int, _ tokens: Int, _ w: UnsafeRawPointer, _ stride: Int, _ x: UnsafePointer<Float>,
  _ xs: Int, _ columns: Int, _ c: UnsafeMutablePointer<Float>, _ cs: Int, _ format: Int
) {
  if Tiling.rowGroups == 2 && groups == 2 {
    switch tokens {
    case 6: FloatTile<2, 6>.run(w, stride, x, xs, columns, c, cs, format)
    case 5: FloatTile<2, 5>.run(w, stride, x, xs, columns, c, cs, format)
    case 4: FloatTile<2, 4>.run(w, stride, x, xs, columns, c, cs, format)
    case 3: FloatTile<2, 3>.run(w, stride, x, xs, columns, c, cs, format)
    case 2: FloatTile<2, 2>.run(w, stride, x, xs, columns, c, cs, format)
    default: FloatTile<2, 1>.run(w, stride, x, xs, columns, c, cs, format)
    }
    return
  }
  switch tokens {
  case 6: FloatTile<1, 6>.run(w, stride, x, xs, columns, c, cs, format)
  case 5: FloatTile<1, 5>.run(w, stride, x, xs, columns, c, cs, format)
  case 4: FloatTile<1, 4>.run(w, stride, x, xs, columns, c, cs, format)
  case 3: FloatTile<1, 3>.run(w, stride, x, xs, columns, c, cs, format)
  case 2: FloatTile<1, 2>.run(w, stride, x, xs, columns, c, cs, format)
  default: FloatTile<1, 1>.run(w, stride, x, xs, columns, c, cs, format)
  }
}
