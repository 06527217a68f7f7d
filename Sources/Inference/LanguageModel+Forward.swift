import Kernels

extension LanguageModel {
  /// Computes a checked batch; `head` gets the outputs of each chunk that has some.
  ///
  /// During the call row i of `state.h` is the normed hidden state of the chunk's output i. Outputs
  /// come chunk by chunk, within a chunk in the order of the requests. Every row is computed on its
  /// own, which is why neither chunks nor batches can change a bit: the kernels guarantee it for
  /// matrix products, `KVLayout` for attention.
  func run(_ batch: ForwardBatch, _ head: ([ForwardBatch.Output]) -> Void) throws {
    try reserve(batch.requests.flatMap(\.adapters))
    for chunk in batch.chunks(of: Self.chunkTokens) {
      for piece in chunk.pieces {
        piece.segment.reserve(piece.tokens.count)
        rope.global.reserve(positions: piece.position + piece.tokens.count)
        rope.local.reserve(positions: piece.position + piece.tokens.count)
      }
      embed(chunk)
      let adapted = chunk.adapted
      eachPart(of: chunk.rows, adapted) { $0.store(0, chunk.pieces) }
      for layer in weights.layers.indices.dropLast() {
        mix(layer, chunk.pieces.map { ($0, from: 0) })
        eachPart(of: chunk.rows, adapted) { part in
          part.project(layer)
          part.feedForward(layer)
          part.store(layer + 1, chunk.pieces)
        }
      }
      finish(chunk, batch.adapted(chunk.outputs))
      for piece in chunk.pieces {
        piece.segment.append(
          piece.tokens, selfContained: piece.attended.isEmpty && piece.adapters.isEmpty)
      }
      if !chunk.outputs.isEmpty { head(chunk.outputs) }
    }
    try batch.requireIntact(weights: !hasLostWeights)
  }

  /// Makes room for what adapters compute; an error for those of another model.
  private func reserve(_ adapters: [LoRAAdapter]) throws {
    for adapter in adapters {
      guard adapter.isMade(for: self) else {
        throw InferenceError.invalidRequest("\(adapter.path) was loaded for another model")
      }
      state.reserve(rank: adapter.rank, rows: Self.chunkTokens)
    }
  }

  /// Sets x to the scaled embedding of every token.
  private func embed(_ chunk: ForwardBatch.Chunk) {
    for piece in chunk.pieces {
      piece.tokens.withUnsafeBufferPointer {
        backend.embeddingRows(
          weights.embedding, rows: $0.baseAddress!, count: $0.count,
          into: state.x.pointer + piece.firstRow * state.strides.width,
          stride: state.strides.width)
      }
      for index in 0..<piece.tokens.count {
        state.positions[piece.firstRow + index] = Int32(piece.position + index)
      }
    }
    guard features.embeddingScale != 1 else { return }
    backend.scale(
      state.x.pointer, by: features.embeddingScale, tokens: chunk.rows,
      count: configuration.width, stride: state.strides.width)
  }

  /// The rest of the last layer, and the last norm, only with the rows whose logits are wanted: they
  /// move to the top.
  private func finish(_ chunk: ForwardBatch.Chunk, _ adapted: [AdaptedRows]) {
    guard !chunk.outputs.isEmpty else { return }
    let layer = weights.layers.count - 1
    mix(layer, chunk.pieces.map { ($0, from: $0.firstWanted) })
    eachPart(of: gatherOutputs(chunk), adapted) { part in
      part.project(layer)
      part.feedForward(layer)
      part.normalise(state.x, weights.outputNorm)
    }
  }

  /// Runs `body` for parts that together are the first `rows` rows, each part on one thread.
  ///
  /// What one kernel writes for a row the next one reads. Where every kernel shares its own work between
  /// the threads, half of that comes from the cache of another thread; a part stays in one. It reads all
  /// weights, so few rows, and models that do not suit it, are a single part, computed by all threads.
  private func eachPart(
    of rows: Int, _ adapted: [AdaptedRows], _ body: (DecoderPart) -> Void
  ) {
    let count = backend.threads
    guard count > 1, rows >= count * backend.smallestPart, weights.suitsParts else {
      return body(DecoderPart(self, backend, 0..<rows, adapted))
    }
    backend.divide(units: count) { unit, worker, _ in
      let own = unit * rows / count..<(unit + 1) * rows / count
      body(DecoderPart(self, worker, own, adapted))
    }
  }

  /// Sets attention = softmax(q · k) · v over its segments for every piece's tokens from one on, in
  /// one parallel region.
  private func mix(_ index: Int, _ pieces: [(ForwardBatch.Piece, from: Int)]) {
    let requests = pieces.compactMap { piece, first -> AttentionRequest? in
      let rows = piece.tokens.count - first
      guard rows > 0 else { return nil }
      return AttentionRequest(
        firstRow: piece.firstRow + first, rows: rows,
        attended: piece.attended.map { $0.span(index) },
        own: piece.segment.span(index, adding: piece.tokens.count),
        window: features.window(ofLayer: index))
    }
    backend.attention(
      requests, layout: layout, queryHeads: configuration.heads,
      scale: features.attentionScale, softCap: features.attentionSoftCap,
      queries: state.queries.pointer, queryStride: state.strides.query,
      output: state.attention.pointer, outputStride: state.strides.query)
  }

  private var layout: KVLayout { KVLayout(configuration) }

  /// Logits of a chunk's outputs, a bounded number of rows at a time; the pointer is valid during the
  /// call of `body`.
  func logits(
    of outputs: [ForwardBatch.Output],
    _ body: (ForwardBatch.Output, UnsafePointer<Float>) -> Void
  ) {
    let s = state.strides
    var first = 0
    while first < outputs.count {
      let rows = min(state.logitRows, outputs.count - first)
      backend.matmul(
        [weights.output], input: state.h.pointer + first * s.width, tokens: rows,
        inputStride: s.width, outputs: [state.logits.pointer], outputStrides: [s.vocabulary])
      if let cap = features.finalSoftCap {
        backend.softCap(
          state.logits.pointer, cap: cap, tokens: rows, count: configuration.vocabulary,
          stride: s.vocabulary)
      }
      for row in 0..<rows { body(outputs[first + row], state.logits.pointer + row * s.vocabulary) }
      first += rows
    }
  }

  /// Moves x and attention of the wanted rows to the top, in the order of `outputs`.
  private func gatherOutputs(_ chunk: ForwardBatch.Chunk) -> Int {
    let s = state.strides
    let rows = chunk.outputs.map(\.row)
    let isAlreadyThere = rows.count == chunk.rows && rows.indices.allSatisfy { rows[$0] == $0 }
    guard !isAlreadyThere else { return rows.count }
    // Through h and queries, which are free here, because rows may be in any order.
    for (target, row) in rows.enumerated() {
      (state.h.pointer + target * s.width)
        .update(from: state.x.pointer + row * s.width, count: s.width)
      (state.queries.pointer + target * s.query)
        .update(from: state.attention.pointer + row * s.query, count: s.query)
    }
    state.x.pointer.update(from: state.h.pointer, count: rows.count * s.width)
    state.attention.pointer.update(from: state.queries.pointer, count: rows.count * s.query)
    return rows.count
  }
}
