import Kernels

extension LanguageModel {
  /// Computes a checked batch; `head` gets the outputs of each chunk that has some.
  ///
  /// During the call row i of `state.h` is the normed hidden state of the chunk's output i. Outputs
  /// come chunk by chunk, within a chunk in the order of the requests. Every row is computed on its
  /// own, which is why neither chunks nor batches can change a bit: the kernels guarantee it for
  /// matrix products, `KVLayout` for attention.
  func run(_ batch: ForwardBatch, _ head: ([ForwardBatch.Output]) -> Void) throws {
    for chunk in batch.chunks(of: Self.chunkTokens) {
      for piece in chunk.pieces {
        piece.segment.reserve(piece.tokens.count)
        rope.global.reserve(positions: piece.position + piece.tokens.count)
        rope.local.reserve(positions: piece.position + piece.tokens.count)
      }
      embed(chunk)
      for layer in weights.layers.indices.dropLast() {
        attend(layer, chunk)
        feedForward(weights.layers[layer], rows: chunk.rows)
      }
      attendLast(weights.layers.count - 1, chunk)
      for piece in chunk.pieces {
        piece.segment.append(piece.tokens, attending: !piece.attended.isEmpty)
      }
      guard !chunk.outputs.isEmpty else { continue }
      normalise(state.x, weights.outputNorm, rows: chunk.outputs.count)
      head(chunk.outputs)
    }
    try batch.requireIntact()
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

  /// Adds wo · attention(rope(wq · norm(x)), cache) to x, storing keys and values in the cache.
  private func attend(_ index: Int, _ chunk: ForwardBatch.Chunk) {
    store(index, chunk)
    mix(index, chunk.pieces.map { ($0, from: 0) })
    project(weights.layers[index], rows: chunk.rows)
  }

  /// The last layer, which goes on only with the rows whose logits are wanted: they move to the top.
  private func attendLast(_ index: Int, _ chunk: ForwardBatch.Chunk) {
    store(index, chunk)
    guard !chunk.outputs.isEmpty else { return }
    mix(index, chunk.pieces.map { ($0, from: $0.firstWanted) })
    let rows = gatherOutputs(chunk)
    project(weights.layers[index], rows: rows)
    feedForward(weights.layers[index], rows: rows)
  }

  /// Queries, and keys and values into the segments.
  private func store(_ index: Int, _ chunk: ForwardBatch.Chunk) {
    let (layer, c, s) = (weights.layers[index], configuration, state.strides)
    normalise(state.x, layer.attentionNorm, rows: chunk.rows)
    backend.matmulEach(
      layer.queryKeyValue, input: state.h.pointer, tokens: chunk.rows, inputStride: s.width,
      outputs: [state.queries.pointer, state.keys.pointer, state.values.pointer],
      outputStrides: [s.query, s.keyValue, s.keyValue])
    addBiases(layer, rows: chunk.rows)
    let table = features.window(ofLayer: index) == nil ? rope.global : rope.local
    rotate(
      Heads(rows: state.queries, count: c.heads, stride: s.query), layer.queryKeyNorm?.query,
      table, rows: chunk.rows)
    rotate(
      Heads(rows: state.keys, count: c.keyValueHeads, stride: s.keyValue),
      layer.queryKeyNorm?.key, table, rows: chunk.rows)
    let writes = chunk.pieces.map {
      KVWrite(
        base: $0.segment.base(index), position: $0.segment.count, firstRow: $0.firstRow,
        rows: $0.tokens.count)
    }
    backend.storeKV(
      writes, layout: layout, keys: state.keys.pointer, keyStride: s.keyValue,
      values: state.values.pointer, valueStride: s.keyValue)
  }

  private func addBiases(_ layer: DecoderWeights.Layer, rows: Int) {
    let (c, s) = (configuration, state.strides)
    let outputs = [
      (state.queries, c.queryWidth, s.query), (state.keys, c.keyValueWidth, s.keyValue),
      (state.values, c.keyValueWidth, s.keyValue),
    ]
    for ((buffer, count, stride), bias) in zip(outputs, layer.queryKeyValueBias) {
      backend.addBias(buffer.pointer, bias.pointer, tokens: rows, count: count, stride: stride)
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

  /// Adds wo · attention, normed in some families, to x.
  private func project(_ layer: DecoderWeights.Layer, rows: Int) {
    let s = state.strides
    backend.matmul(
      [layer.attentionOutput], input: state.attention.pointer, tokens: rows, inputStride: s.query,
      outputs: [state.h.pointer], outputStrides: [s.width])
    addToResidual(layer.attentionPostNorm, rows: rows)
  }

  /// Adds down · (activation(gate · norm(x)) * (up · norm(x))), normed in some families, to x.
  private func feedForward(_ layer: DecoderWeights.Layer, rows: Int) {
    let s = state.strides
    normalise(state.x, layer.feedForwardNorm, rows: rows)
    backend.matmulEach(
      layer.gateUp, input: state.h.pointer, tokens: rows, inputStride: s.width,
      outputs: [state.gate.pointer, state.up.pointer],
      outputStrides: [s.feedForward, s.feedForward])
    activate(rows: rows)
    backend.matmul(
      [layer.down], input: state.gate.pointer, tokens: rows, inputStride: s.feedForward,
      outputs: [state.h.pointer], outputStrides: [s.width])
    addToResidual(layer.feedForwardPostNorm, rows: rows)
  }

  private func activate(rows: Int) {
    let (gate, up) = (state.gate.pointer, state.up.pointer)
    let (count, stride) = (configuration.feedForward, state.strides.feedForward)
    switch features.activation {
    case .silu: backend.siluMultiply(gate, up, tokens: rows, count: count, stride: stride)
    case .geluTanh:
      backend.geluTanhMultiply(gate, up, tokens: rows, count: count, stride: stride)
    }
  }

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

  /// Sets h = norm(rows of `input`); `input` may be h.
  private func normalise(_ input: FloatBuffer, _ weight: FloatBuffer, rows: Int) {
    backend.rmsNorm(
      input.pointer, weight: weight.pointer, epsilon: configuration.normEpsilon,
      into: state.h.pointer, tokens: rows, count: configuration.width,
      stride: state.strides.width)
  }

  /// Adds h to x, through a norm where the family has one.
  private func addToResidual(_ postNorm: FloatBuffer?, rows: Int) {
    if let postNorm { normalise(state.h, postNorm, rows: rows) }
    backend.add(
      state.x.pointer, state.h.pointer, tokens: rows, count: configuration.width,
      stride: state.strides.width)
  }

  /// Rows of heads, one after the other.
  private struct Heads {
    let rows: FloatBuffer
    let count: Int
    let stride: Int
  }

  /// Rotates each head by its token's position, after its norm if there is one.
  private func rotate(_ heads: Heads, _ norm: FloatBuffer?, _ table: RopeTable, rows: Int) {
    let dimension = configuration.headDimension
    if let norm {
      backend.headNorm(
        heads.rows.pointer, weight: norm.pointer, epsilon: configuration.normEpsilon,
        tokens: rows, heads: heads.count, headDimension: dimension, stride: heads.stride)
    }
    backend.rope(
      heads.rows.pointer, tokens: rows, heads: heads.count, headDimension: dimension,
      stride: heads.stride, table: table, positions: state.positions,
      interleaved: features.rope.isInterleaved)
  }
}
