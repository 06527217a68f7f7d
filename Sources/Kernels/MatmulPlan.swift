import CIntrinsics

/// One call's matrices, its quantised input, and how the work is cut into units.
struct MatmulPlan {
  private let jobs: UnsafeMutablePointer<ci_matmul>
  private let count: Int
  private let tokens: Int
  private let columns: Int
  private let input: UnsafePointer<Float>
  private let inputStride: Int
  private let tiles: TileSplit
  /// Words of the activation records beside values and scales; 0 for float formats.
  private let fields: Int
  /// Bytes of a quantised token.
  private let tokenBytes: Int
  /// Bytes of a thread's own records of the whole batch; 0 where all threads share one set.
  private let ownBytes: Int
  private let panels: UnsafeMutableRawPointer
  private let panelBytes: Int
  private let groupsPerUnit: Int
  private let tilesPerUnit: Int

  /// Records of a token block: a share of the last cache.
  ///
  /// Tiles read them as one slow stream, 3 to 5 bytes a cycle; a smaller block would expand the
  /// weights more often.
  private static let blockBytes = 4 << 20
  /// Before a thread's own records: whether they are there, in a pair of cache lines.
  private static let headBytes = 128

  init(
    _ backend: Backend, _ weights: [PackedMatrix], input: UnsafePointer<Float>, tokens: Int,
    inputStride: Int, outputs: [UnsafeMutablePointer<Float>?], outputStrides: [Int]
  ) {
    count = weights.count
    self.tokens = tokens
    self.input = input
    self.inputStride = inputStride
    columns = weights[0].columns
    let quantised = weights[0].format.isQuantised
    let best =
      quantised ? backend.kernels.quantised_tile_tokens : backend.kernels.float_tile_tokens
    tiles = TileSplit(tokens, limit: max(1, min(best, backend.tileLimit)))
    let fields = weights.reduce(0) { $0 | ci_fields($1.format.code) }
    self.fields = fields
    tokenBytes = quantised ? ci_token_bytes(fields) * ci_block_count(columns) : 4 * columns
    tilesPerUnit = max(1, min(tiles.count, Self.blockBytes / (tokenBytes * max(1, tiles.widest))))
    jobs = backend.jobs.reserve(count * MemoryLayout<ci_matmul>.stride)
      .bindMemory(to: ci_matmul.self, capacity: count)
    let groups = weights.reduce(0) { $0 + $1.groups }
    groupsPerUnit = Self.groupsPerUnit(groups, threads: backend.threads)
    let recordBytes = quantised ? tokenBytes * tokens : 0
    // What one thread writes and all of them read, the next call would have to take from their caches
    // line by line: for two threads quantising twice costs less.
    let isOwned = quantised && backend.threads == 2 && tokens * columns >= 8192
    ownBytes = isOwned ? Self.headBytes + (recordBytes + 127) & ~127 : 0
    let records = backend.activations.reserve(
      isOwned ? ownBytes * backend.threads : max(64, recordBytes))
    if isOwned {
      for thread in 0..<backend.threads {
        (records + thread * ownBytes).storeBytes(of: 0, as: Int.self)
      }
    }
    panelBytes = Self.panelBytes(weights, tokens: tokens)
    panels = backend.panels.reserve(panelBytes * backend.threads)
    for (i, matrix) in weights.enumerated() {
      precondition(matrix.columns == columns, "matrices of one call share their input")
      precondition(matrix.format.isQuantised == quantised, "matrices of one call are alike")
      precondition(outputStrides[i] >= matrix.groups * 16, "the output stride holds whole vectors")
      jobs[i] = ci_matmul(
        weights: matrix.memory,
        input: quantised ? UnsafeRawPointer(records) : UnsafeRawPointer(input), output: outputs[i],
        format: matrix.format.code, row_groups: matrix.groups, columns: columns, tokens: tokens,
        input_stride: inputStride, output_stride: outputStrides[i], tile_tokens: tiles.limit,
        fields: fields)
    }
  }

  /// What each thread needs to expand weights, with a page between the parts of two threads.
  private static func panelBytes(_ weights: [PackedMatrix], tokens: Int) -> Int {
    if tokens == 1 { return 0 }
    let largest = weights.map { ci_panel_bytes($0.format.code, $0.columns) }.max() ?? 0
    return largest == 0 ? 0 : (largest + 8191) & ~4095
  }

  /// Sixteen units a thread even out what a thread loses to others; a pair of groups at least.
  private static func groupsPerUnit(_ groups: Int, threads: Int) -> Int {
    if threads == 1 { return groups }
    let wanted = (groups + 16 * threads - 1) / (16 * threads)
    return max(2, (wanted + 1) & ~1)
  }

  /// Quantises the input, once for all matrices, unless each thread does so for itself.
  func quantise(_ team: ThreadTeam, _ kernels: ci_kernels) {
    if fields == 0 || ownBytes > 0 { return }
    let records = UnsafeMutableRawPointer(mutating: jobs[0].input!)
    if tokens * columns < 8192 {
      for tile in 0..<tiles.count { quantise(tile, records, kernels) }
    } else {
      team.run(units: tiles.count) { tile, _ in quantise(tile, records, kernels) }
    }
  }

  private func quantise(_ tile: Int, _ records: UnsafeMutableRawPointer, _ kernels: ci_kernels) {
    let start = tiles.start(tile)
    kernels.quantise(
      input + start * inputStride, inputStride, tiles.size(tile), columns, fields,
      records + start * tokenBytes)
  }

  /// A job with the records that `thread` reads.
  private func job(_ index: Int, _ thread: Int, _ kernels: ci_kernels) -> ci_matmul {
    var job = jobs[index]
    if ownBytes == 0 { return job }
    let head = UnsafeMutableRawPointer(mutating: job.input!) + thread * ownBytes
    let records = head + Self.headBytes
    if head.load(as: Int.self) == 0 {
      for tile in 0..<tiles.count { quantise(tile, records, kernels) }
      head.storeBytes(of: 1, as: Int.self)
    }
    job.input = UnsafeRawPointer(records)
    return job
  }

  func multiply(_ team: ThreadTeam, _ kernels: ci_kernels) {
    var groupUnits = 0
    for i in 0..<count { groupUnits += unitCount(jobs[i]) }
    team.run(units: groupUnits * tokenBlocks) { unit, thread in
      let firstTile = unit / groupUnits * tilesPerUnit
      var rest = unit % groupUnits
      var i = 0
      while rest >= unitCount(jobs[i]) {
        rest -= unitCount(jobs[i])
        i += 1
      }
      let first = rest * groupsPerUnit
      withUnsafePointer(to: job(i, thread, kernels)) {
        kernels.multiply(
          $0, first, min(groupsPerUnit, $0.pointee.row_groups - first), firstTile,
          min(tilesPerUnit, tiles.count - firstTile), panel(thread))
      }
    }
  }

  /// Multiplies some row groups of the first matrix by some tiles on one thread of the team, after `quantise`.
  ///
  /// `output` is `[token][stride]`, from the first token of `tiles` and the first row of `groups` on.
  func multiply(
    groups: Range<Int>, tiles range: Range<Int>, into output: UnsafeMutablePointer<Float>,
    stride: Int, thread: Int, _ kernels: ci_kernels
  ) {
    var job = job(0, thread, kernels)
    // The kernel counts tokens and rows from the start of the batch and of the matrix.
    job.output = output - (tiles.start(range.lowerBound) * stride + groups.lowerBound * 16)
    job.output_stride = stride
    withUnsafePointer(to: &job) {
      kernels.multiply(
        $0, groups.lowerBound, groups.count, range.lowerBound, range.count,
        panel(thread))
    }
  }

  /// Parts of the batch whose quantised input stays in the second-level cache.
  var tokenBlocks: Int { (tiles.count + tilesPerUnit - 1) / tilesPerUnit }

  func tiles(ofTokenBlock block: Int) -> Range<Int> {
    let first = block * tilesPerUnit
    return first..<min(first + tilesPerUnit, tiles.count)
  }

  func tokens(ofTiles range: Range<Int>) -> Range<Int> {
    let last = range.upperBound - 1
    return tiles.start(range.lowerBound)..<tiles.start(last) + tiles.size(last)
  }

  /// Tokens of a token block at most.
  var widestTokenBlock: Int { tilesPerUnit * tiles.widest }

  private func panel(_ thread: Int) -> UnsafeMutableRawPointer { panels + thread * panelBytes }

  private func unitCount(_ job: ci_matmul) -> Int {
    (job.row_groups + groupsPerUnit - 1) / groupsPerUnit
  }
}

/// A batch cut into tiles as the kernels cut it, see PackedLayout.swift.
struct TileSplit {
  let limit: Int
  let count: Int
  private let tokens: Int
  private let small: Int
  private let wide: Int

  init(_ tokens: Int, limit: Int) {
    self.limit = limit
    self.tokens = tokens
    count = (tokens + limit - 1) / limit
    small = limit == CI_MATRIX_TILE ? limit : tokens / max(count, 1)
    wide = max(0, tokens - small * count)
  }

  var widest: Int { min(tokens, wide > 0 ? small + 1 : small) }
  func start(_ tile: Int) -> Int { tile * small + min(tile, wide) }
  func size(_ tile: Int) -> Int { min(tile < wide ? small + 1 : small, tokens - start(tile)) }
}
