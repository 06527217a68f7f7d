import CIntrinsics

extension Backend {
  /// log(sum of e^x) of values in memory, as `LogSumExp` defines it; within about 2e-7.
  package func logSumExp(_ x: UnsafePointer<Float>, count: Int) -> Double {
    precondition(count > 0)
    let whole = count / LogSumExp.block
    let blocks = LogSumExp.blocks(count)
    return withUnsafeTemporaryAllocation(of: LogSumExp.Part.self, capacity: blocks) { parts in
      let first = parts.baseAddress!
      self.parts(x, rows: whole, count: LogSumExp.block, stride: LogSumExp.block, first, 1)
      if blocks > whole {
        let rest = x + whole * LogSumExp.block
        self.parts(
          rest, rows: 1, count: count - whole * LogSumExp.block, stride: 0, first + whole, 1)
      }
      return LogSumExp.combine(UnsafeBufferPointer(parts))
    }
  }

  /// One block of each row; the rows' parts are `distance` parts apart.
  fileprivate func parts(
    _ x: UnsafePointer<Float>, rows: Int, count: Int, stride: Int,
    _ parts: UnsafeMutablePointer<LogSumExp.Part>, _ distance: Int
  ) {
    let floats = UnsafeMutableRawPointer(parts).assumingMemoryBound(to: Float.self)
    kernels.exp_parts(x, rows, count, stride, floats, 2 * distance)
  }

  /// The log-probability, in nats, of each target's token after the hidden state in the target's row.
  ///
  /// `hidden` holds `rows` normed states of `weights.columns` floats; `weights` is the output matrix,
  /// one row per token. Logits are formed for 256 tokens of the vocabulary at a time in a thread's own
  /// memory and reduced there, so no row of logits ever exists as a whole. The result has the bits of
  /// `logit - logSumExp(logits)` over the rows that `matmul`, and `softCap` where one is given, make,
  /// for all threads and batches.
  package func logProbabilities(
    _ weights: PackedMatrix, hidden: UnsafePointer<Float>, rows: Int, stride: Int,
    softCap: Float? = nil, targets: [(row: Int, token: Int32)]
  ) -> [Double] {
    guard rows > 0, !targets.isEmpty else { return [] }
    var result: [Double] = []
    defer { withExtendedLifetime(weights) {} }
    exclusive(
      KernelShape(
        "logProbabilities", rows: weights.rows, columns: weights.columns, tokens: rows,
        format: weights.format),
      KernelWork(
        operations: 2 * weights.rows * weights.columns * rows, bytes: weights.byteCount)
    ) {
      let plan = ScoringPlan(
        self, weights, hidden: hidden, rows: rows, stride: stride, softCap: softCap,
        targets: targets)
      plan.reduce()
      result = plan.logProbabilities()
    }
    return result
  }
}

/// One call's output matrix, its targets by block of the vocabulary, and the blocks' results.
private struct ScoringPlan {
  private let backend: Backend
  private let plan: MatmulPlan
  private let vocabulary: Int
  private let rows: Int
  private let blocks: Int
  private let softCap: Float?
  private let targets: [(row: Int, token: Int32)]
  /// Indices of targets, ascending by the block of their token.
  private let byBlock: [Int]
  /// Where each block's targets begin in `byBlock`, and the end.
  private let starts: [Int]
  /// `[thread][token of a unit][scratchStride]`.
  private let scratch: UnsafeMutablePointer<Float>
  private let scratchFloats: Int
  /// `[row][block]`.
  private let parts: UnsafeMutablePointer<LogSumExp.Part>
  /// By target.
  private let logits: UnsafeMutablePointer<Float>

  /// One line more than the block, so that the rows of a tile fall into different sets of the cache.
  private static let scratchStride = LogSumExp.block + 16
  private static let groupsPerBlock = LogSumExp.block / 16

  init(
    _ backend: Backend, _ weights: PackedMatrix, hidden: UnsafePointer<Float>, rows: Int,
    stride: Int, softCap: Float?, targets: [(row: Int, token: Int32)]
  ) {
    self.backend = backend
    self.softCap = softCap
    self.rows = rows
    self.targets = targets
    vocabulary = weights.rows
    blocks = LogSumExp.blocks(vocabulary)
    (byBlock, starts) = Self.sorted(targets, rows: rows, vocabulary: vocabulary, blocks: blocks)
    // Every product names its own output.
    plan = MatmulPlan(
      backend, [weights], input: hidden, tokens: rows, inputStride: stride,
      outputs: [UnsafeMutablePointer(mutating: hidden)], outputStrides: [weights.groups * 16])
    scratchFloats = plan.widestTokenBlock * Self.scratchStride
    let floats = backend.threads * scratchFloats
    let partFloats = padded(2 * rows * blocks)
    let memory = backend.scoring.reserve(4 * (floats + partFloats + targets.count))
    scratch = memory.bindMemory(to: Float.self, capacity: floats)
    parts = (memory + 4 * floats).bindMemory(
      to: LogSumExp.Part.self, capacity: partFloats / 2)
    logits = (memory + 4 * (floats + partFloats)).bindMemory(
      to: Float.self, capacity: targets.count)
  }

  /// Indices of targets by the block of their token, and where each block's begin: a counting sort.
  private static func sorted(
    _ targets: [(row: Int, token: Int32)], rows: Int, vocabulary: Int, blocks: Int
  ) -> (byBlock: [Int], starts: [Int]) {
    var starts = [Int](repeating: 0, count: blocks + 1)
    for target in targets {
      precondition((0..<rows).contains(target.row), "row \(target.row) of \(rows)")
      precondition((0..<vocabulary).contains(Int(target.token)), "token \(target.token)")
      starts[Int(target.token) / LogSumExp.block + 1] += 1
    }
    for block in 0..<blocks { starts[block + 1] += starts[block] }
    var next = starts
    var byBlock = [Int](repeating: 0, count: targets.count)
    for (index, target) in targets.enumerated() {
      let block = Int(target.token) / LogSumExp.block
      byBlock[next[block]] = index
      next[block] += 1
    }
    return (byBlock, starts)
  }

  /// Multiplies and reduces every block; neighbouring units share a block of weights or of rows.
  func reduce() {
    plan.quantise(backend.team, backend.kernels)
    backend.team.run(units: blocks * plan.tokenBlocks) { unit, thread in
      reduce(
        block: unit % blocks, tiles: plan.tiles(ofTokenBlock: unit / blocks),
        scratch + thread * scratchFloats, thread: thread)
    }
  }

  private func reduce(
    block: Int, tiles: Range<Int>, _ own: UnsafeMutablePointer<Float>, thread: Int
  ) {
    let first = block * LogSumExp.block
    let count = min(LogSumExp.block, vocabulary - first)
    let tokens = plan.tokens(ofTiles: tiles)
    plan.multiply(
      groups: first / 16..<(first + count + 15) / 16, tiles: tiles, into: own,
      stride: Self.scratchStride, thread: thread, backend.kernels)
    if let softCap {
      backend.kernels.soft_cap(own, softCap, tokens.count, count, Self.scratchStride)
    }
    backend.parts(
      own, rows: tokens.count, count: count, stride: Self.scratchStride,
      parts + (tokens.lowerBound * blocks + block), blocks)
    for index in byBlock[starts[block]..<starts[block + 1]]
    where tokens.contains(targets[index].row) {
      let target = targets[index]
      let row = target.row - tokens.lowerBound
      logits[index] = own[row * Self.scratchStride + Int(target.token) - first]
    }
  }

  /// The targets' logits less their rows' normalisers; rows without a target have none.
  func logProbabilities() -> [Double] {
    var isWanted = [Bool](repeating: false, count: rows)
    for target in targets { isWanted[target.row] = true }
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: rows) { normalisers in
      backend.team.run(units: rows) { row, _ in
        guard isWanted[row] else { return }
        let own = UnsafeBufferPointer(start: parts + row * blocks, count: blocks)
        normalisers.baseAddress![row] = LogSumExp.combine(own)
      }
      return targets.indices.map { Double(logits[$0]) - normalisers[targets[$0].row] }
    }
  }
}
