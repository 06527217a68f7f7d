import CIntrinsics

/// Replaces what the matrix unit does better; there is none but on x86-64.
func addTileKernels(_ k: inout ci_kernels) {
  #if arch(x86_64)
    k.quantised_tile_tokens = CI_MATRIX_TILE
    k.multiply = { multiplyTiles($0!, $1, $2, $3, $4, $5) }
    k.tile_work = { tileWork($0) }
  #endif
}

#if arch(x86_64)

  /// `multiply` on the matrix unit: whole tiles of 16 tokens there, the rest of the batch on registers.
  @inline(never)
  func multiplyTiles(
    _ job: UnsafePointer<ci_matmul>, _ firstGroup: Int, _ groups: Int, _ firstTile: Int,
    _ tiles: Int,
    _ panel: UnsafeMutableRawPointer?
  ) {
    let format = job.pointee.format
    let split = TileSplit(job.pointee.tokens, limit: job.pointee.tile_tokens)
    let last = firstTile &+ tiles &- 1
    let whole = split.size(last) == CI_MATRIX_TILE ? tiles : tiles &- 1
    // Halves of a block with scales of their own fill a quarter of a tile: no faster than registers.
    if !isQuantised(format) || ci_parts(format) == 2 || split.size(firstTile) < CI_MATRIX_TILE {
      return multiply(job, firstGroup, groups, firstTile, tiles, panel)
    }
    ci_tiles_configure()
    var group = firstGroup
    while group < firstGroup &+ groups {
      let pair = min(2, firstGroup &+ groups &- group)
      multiplyPair(job.pointee, group, pair, firstTile, whole, panel!)
      group &+= pair
    }
    ci_tiles_release()
    if whole < tiles { multiply(job, firstGroup, groups, last, 1, panel) }
  }

  /// Expands one or two groups and multiplies them by `tiles` whole tiles.
  private func multiplyPair(
    _ job: ci_matmul, _ group: Int, _ groups: Int, _ tile: Int, _ tiles: Int,
    _ panel: UnsafeMutableRawPointer
  ) {
    let blocks = ci_block_count(job.columns)
    let stride = ci_group_bytes(job.format, job.columns)
    let scales = panel + 512 &* blocks &* groups
    let scaleStride = 64 &* blocks &* ci_scale_vectors(job.format)
    for r in 0..<groups {
      let part = Panel(values: panel + 512 &* blocks &* r, scales: scales + scaleStride &* r)
      let records = stride / ci_record_bytes(job.format)
      expand(job.weights + (group &+ r) &* stride, job.format, records, part)
    }
    subtract(UInt8(offset(job.format)), panel, 8 &* blocks &* groups)
    let token = tile &* CI_MATRIX_TILE
    let records = job.input + token &* blocks &* ci_token_bytes(job.fields)
    let output = job.output + (token &* job.output_stride &+ 16 &* group)
    withUnsafeTemporaryAllocation(byteCount: TileStreamRing.bytes, alignment: 64) { ring in
      func product<Kind: TileKind>(_ kind: Kind.Type) -> TileStream<Kind> {
        TileStream<Kind>(
          values: UnsafeRawPointer(panel), scales: UnsafeRawPointer(scales), records: records,
          groups: groups, tiles: tiles, blocks: blocks,
          recordBytes: CI_MATRIX_TILE &* ci_token_bytes(job.fields),
          factors: 64 &* (10 &+ ci_fields_before(job.format, job.fields)), output: output,
          outputStride: job.output_stride, ring: TileStreamRing(ring.baseAddress!))
      }
      if ci_has_addend(job.format) != 0 {
        product(AddendKind.self).run()
      } else {
        product(ByteKind.self).run()
      }
    }
  }

  /// Makes `count` vectors of unsigned bytes signed.
  private func subtract(_ offset: UInt8, _ values: UnsafeMutableRawPointer, _ count: Int) {
    if offset == 0 { return }
    let offsets = u8x64(repeating: offset)
    for i in 0..<count {
      values.storeBytes(
        of: bytes(values, 64 &* i) &- offsets, toByteOffset: 64 &* i, as: u8x64.self)
    }
  }

  /// Tile products with operands in registers: `iterations` times four of 16 x 16 x 32.
  @inline(never)
  func tileWork(_ iterations: Int) -> Int {
    ci_tiles_configure()
    ci_tile_work(iterations)
    ci_tiles_release()
    return iterations
  }
#endif
