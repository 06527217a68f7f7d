import CIntrinsics

#if arch(x86_64)

  /// Finished sums on their way from the tile registers to the vector registers: eight tiles of 1 KiB.
  struct TileStreamRing {
    static var bytes: Int { 8 &* 1024 }
    private let base: UnsafeMutableRawPointer

    @inline(__always)
    init(_ base: UnsafeMutableRawPointer) { self.base = base }

    @inline(__always)
    subscript(_ block: Int) -> UnsafeMutableRawPointer { base + (block & 7) &* 1024 }
  }

  /// One or two expanded groups times whole tiles of 16 tokens, as one stream of blocks that never drains
  /// between outputs.
  ///
  /// The matrix unit sums one block of 16 tokens, 16 rows and 32 columns in 16 cycles; the vector unit then
  /// continues the 16 x 16 chains of fused multiply-adds, one row of outputs in a register each, with the
  /// sums of four blocks before. Both run at the same time if their instructions alternate. Of the cycles
  /// of a block, 32 are multiply-adds (the Xeon measured does only one a cycle while tile instructions are in
  /// flight); with the way of the sums through memory it takes 65 to 80, register tiles 110.
  struct TileStream<Kind: TileKind> {
    let values: UnsafeRawPointer
    let scales: UnsafeRawPointer
    let records: UnsafeRawPointer
    let groups: Int
    let tiles: Int
    let blocks: Int
    /// Of one block and sixteen tokens.
    let recordBytes: Int
    /// Where a record holds what addends are multiplied by.
    let factors: Int
    let output: UnsafeMutablePointer<Float>
    let outputStride: Int
    let ring: TileStreamRing

    private typealias Chains = InlineArray<16, f32x16>

    /// Blocks between a sum and its use: a load soon after a tile's store waits for the store to leave.
    @inline(__always)
    private static var delay: Int { 4 }

    /// Bytes of a block's scales, and of its addends where there are any.
    @inline(__always)
    private static var scaleBytes: Int { Kind.hasAddend ? 128 : 64 }

    @inline(never)
    func run() {
      let total = groups &* tiles &* blocks
      var ahead = BlockCursor(self, weights: values, step: 512)
      var behind = BlockCursor(self, weights: scales, step: Self.scaleBytes)
      // A literal: a call of `init(repeating:)` that is not inlined would keep the chains in memory.
      let zero = ci_splat(0)
      var chains: Chains = [
        zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero,
        zero,
      ]
      var position = 0
      ci_tile_load_activations(0, ahead.record)
      ci_tile_load_weights(0, ahead.weights)
      while position < min(Self.delay, total) {
        addPair(position, &ahead, &behind, &chains, multiply: true, add: false)
        position &+= 2
      }
      while position < total {
        addPair(position, &ahead, &behind, &chains, multiply: true, add: true)
        position &+= 2
      }
      ci_tile_store_sums(1, ring[position &- 1])
      position = max(position, Self.delay)
      while position < total &+ Self.delay {
        addPair(position, &ahead, &behind, &chains, multiply: false, add: true)
        position &+= 2
      }
    }

    /// Multiplies blocks `position` and `position + 1` and adds the sums of those `delay` before.
    @inline(__always)
    private func addPair(
      _ position: Int, _ ahead: inout BlockCursor<Kind>, _ behind: inout BlockCursor<Kind>,
      _ chains: inout Chains, multiply: Bool, add: Bool
    ) {
      step(0, position, &ahead, &behind, &chains, multiply: multiply, add: add)
      step(1, position &+ 1, &ahead, &behind, &chains, multiply: multiply, add: add)
      if add && behind.block == 0 { finish(behind, &chains) }
    }

    /// One block of each kind: the four tile instructions are spread among the additions.
    @inline(__always)
    private func step(
      _ slot: Int32, _ position: Int, _ ahead: inout BlockCursor<Kind>,
      _ behind: inout BlockCursor<Kind>,
      _ chains: inout Chains, multiply: Bool, add: Bool
    ) {
      let sums = UnsafeRawPointer(ring[position &- Self.delay])
      let block = AddedBlock<Kind>(sums: sums, at: behind, factors: factors)
      if multiply {
        ci_tile_multiply(slot)
        ahead.advance(self)
      }
      if add { block.add(tokens: 0, &chains) }
      if multiply { ci_tile_load_activations(1 &- slot, ahead.record) }
      if add { block.add(tokens: 4, &chains) }
      if multiply { ci_tile_load_weights(1 &- slot, ahead.weights) }
      if add { block.add(tokens: 8, &chains) }
      if multiply { ci_tile_store_sums(1 &- slot, ring[position &- 1]) }
      if add {
        block.add(tokens: 12, &chains)
        behind.advance(self)
      }
    }

    /// Stores the sixteen rows of outputs before the cursor and begins the next.
    @inline(__always)
    private func finish(_ cursor: BlockCursor<Kind>, _ chains: inout Chains) {
      let c = output + cursor.finished
      for t in 0..<16 { store(chains[t], c, t &* outputStride) }
      for t in 0..<16 { chains[t] = f32x16(repeating: 0) }
    }
  }

  /// The sums of one block, ready to be added to the chains.
  private struct AddedBlock<Kind: TileKind> {
    private let sums: UnsafeRawPointer
    private let record: UnsafeRawPointer
    private let factors: UnsafeRawPointer
    private let weights: f32x16
    private let addends: f32x16

    @inline(__always)
    init(sums: UnsafeRawPointer, at cursor: BlockCursor<Kind>, factors: Int) {
      self.sums = sums
      record = cursor.record
      self.factors = cursor.record + factors
      weights = cursor.weights.loadUnaligned(as: f32x16.self)
      addends =
        Kind.hasAddend ? cursor.weights.loadUnaligned(fromByteOffset: 64, as: f32x16.self) : weights
    }

    /// Four tokens from `first` on, which is a constant.
    @inline(__always)
    func add(tokens first: Int, _ chains: inout InlineArray<16, f32x16>) {
      addToken(first, &chains)
      addToken(first &+ 1, &chains)
      addToken(first &+ 2, &chains)
      addToken(first &+ 3, &chains)
    }

    @inline(__always)
    private func addToken(_ t: Int, _ chains: inout InlineArray<16, f32x16>) {
      chains[t] = ci_tile_add(
        chains[t], weights, ci_splat_int(magicBits), sums + 64 &* t, record + (512 &+ 4 &* t),
        record + (576 &+ 4 &* t))
      if Kind.hasAddend {
        chains[t] = ci_tile_add_addend(chains[t], addends, factors + 4 &* t)
      }
    }
  }

  /// A place in the stream: all blocks of a group, all groups of a tile, all tiles.
  private struct BlockCursor<Kind: TileKind> {
    var weights: UnsafeRawPointer
    var record: UnsafeRawPointer
    private let step: Int
    /// Blocks of the current output that lie behind.
    private(set) var block = 0
    private var group = 0
    private var tile = 0
    /// Where the last finished output is, in floats.
    private(set) var finished = 0

    @inline(__always)
    init(_ stream: TileStream<Kind>, weights: UnsafeRawPointer, step: Int) {
      self.weights = weights
      self.step = step
      record = stream.records
    }

    /// Behind the end it is at the beginning again, where there is memory to load from.
    @inline(__always)
    mutating func advance(_ stream: TileStream<Kind>) {
      block &+= 1
      weights += step
      record += stream.recordBytes
      if block < stream.blocks { return }
      block = 0
      finished = 16 &* (tile &* stream.outputStride &+ group)
      group &+= 1
      if group < stream.groups {
        record -= stream.blocks &* stream.recordBytes
        return
      }
      group = 0
      weights -= stream.groups &* stream.blocks &* step
      tile &+= 1
      if tile < stream.tiles { return }
      tile = 0
      record = stream.records
    }
  }
#endif
