import CIntrinsics

/// Multiplies row groups `firstGroup ..< firstGroup + groups` by token tiles `firstTile ..< + tiles`.
@inline(never)
func multiply(
  _ job: UnsafePointer<ci_matmul>, _ firstGroup: Int, _ groups: Int, _ firstTile: Int, _ tiles: Int
) {
  switch job.pointee.format {
  case CI_Q4_0: multiplyQuantised(job.pointee, firstGroup, groups, firstTile, tiles, CI_Q4_0)
  case CI_Q8_0: multiplyQuantised(job.pointee, firstGroup, groups, firstTile, tiles, CI_Q8_0)
  case CI_F16: multiplyFloats(job.pointee, firstGroup, groups, firstTile, tiles, CI_F16)
  case CI_BF16: multiplyFloats(job.pointee, firstGroup, groups, firstTile, tiles, CI_BF16)
  default: multiplyFloats(job.pointee, firstGroup, groups, firstTile, tiles, CI_F32)
  }
}

/// The format is a constant at every call, so that each format gets tiles of its own.
@inline(__always)
private func multiplyQuantised(
  _ job: ci_matmul, _ firstGroup: Int, _ groups: Int, _ firstTile: Int, _ tiles: Int, _ format: Int
) {
  let blocks = blockCount(job.columns)
  let stride = groupBytes(format, job.columns)
  let split = TileSplit(job.tokens, limit: job.tile_tokens)
  let end = firstGroup &+ groups
  var group = firstGroup
  while group < end {
    let wide = min(Tiling.rowGroups, end &- group)
    let weights = job.weights + group &* stride
    for tile in firstTile..<firstTile &+ tiles {
      let start = split.start(tile)
      quantisedTile(
        wide, split.size(tile), weights, stride, job.input + 44 &* start &* blocks, blocks,
        job.output + (start &* job.output_stride &+ group &* 16), job.output_stride, format)
    }
    group &+= wide
  }
}

@inline(__always)
private func quantisedTile(
  _ groups: Int, _ tokens: Int, _ w: UnsafeRawPointer, _ stride: Int, _ a: UnsafeRawPointer,
  _ blocks: Int, _ c: UnsafeMutablePointer<Float>, _ cs: Int, _ format: Int
) {
  if Tiling.rowGroups == 2 && groups == 2 {
    switch tokens {
    case 6: QuantisedTile<2, 6>.run(w, stride, a, blocks, c, cs, format, 0)
    case 5: QuantisedTile<2, 5>.run(w, stride, a, blocks, c, cs, format, 0)
    case 4: QuantisedTile<2, 4>.run(w, stride, a, blocks, c, cs, format, 0)
    case 3: QuantisedTile<2, 3>.run(w, stride, a, blocks, c, cs, format, 0)
    case 2: QuantisedTile<2, 2>.run(w, stride, a, blocks, c, cs, format, 0)
    default:
      // One token is bound by memory: two groups one after the other are two steady streams.
      let ahead = format == CI_Q4_0 ? 4096 : 0
      QuantisedTile<1, 1>.run(w, stride, a, blocks, c, cs, format, ahead)
      QuantisedTile<1, 1>.run(w + stride, stride, a, blocks, c + 16, cs, format, ahead)
    }
    return
  }
  if Tiling.quantisedTokens >= 6 && tokens > 4 {
    if tokens == 6 {
      QuantisedTile<1, 6>.run(w, stride, a, blocks, c, cs, format, 0)
    } else {
      QuantisedTile<1, 5>.run(w, stride, a, blocks, c, cs, format, 0)
    }
    return
  }
  switch tokens {
  case 4: QuantisedTile<1, 4>.run(w, stride, a, blocks, c, cs, format, 0)
  case 3: QuantisedTile<1, 3>.run(w, stride, a, blocks, c, cs, format, 0)
  case 2: QuantisedTile<1, 2>.run(w, stride, a, blocks, c, cs, format, 0)
  default:
    QuantisedTile<1, 1>.run(w, stride, a, blocks, c, cs, format, format == CI_Q4_0 ? 4096 : 0)
  }
}

@inline(__always)
private func multiplyFloats(
  _ job: ci_matmul, _ firstGroup: Int, _ groups: Int, _ firstTile: Int, _ tiles: Int, _ format: Int
) {
  let stride = groupBytes(format, job.columns)
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
