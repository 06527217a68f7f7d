import Kernels

extension EmbeddingModel {
  /// Where a text lies: its rows, and its block of keys and values.
  private struct Place {
    let firstRow: Int
    let rows: Int
    let cache: UnsafeMutablePointer<Float>
  }

  /// Leaves the last layer's vector of every token in `state.x`, text after text.
  func encode(_ sequences: [[Int32]]) {
    let places = places(sequences)
    let rows = sequences.reduce(0) { $0 + $1.count }
    embed(sequences)
    normalise(weights.embeddingNorm, rows: rows)
    for layer in weights.layers {
      attend(layer, places, rows: rows)
      feedForward(layer, rows: rows)
    }
  }

  private func places(_ sequences: [[Int32]]) -> [Place] {
    let floats = sequences.map { layout.floatCount(positions: $0.count) }
    let total = floats.reduce(0, +)
    if state.cache.count < total { state.cache = FloatBuffer(total) }
    var (firstRow, cache) = (0, state.cache.pointer)
    return zip(sequences, floats).map { sequence, floats in
      defer { (firstRow, cache) = (firstRow + sequence.count, cache + floats) }
      return Place(firstRow: firstRow, rows: sequence.count, cache: cache)
    }
  }

  private var layout: KVLayout { KVLayout(configuration) }

  /// Sets x = token embedding + position embedding, which has the token type's row in it.
  private func embed(_ sequences: [[Int32]]) {
    let c = configuration
    var row = state.x.pointer
    for sequence in sequences {
      for (position, token) in sequence.enumerated() {
        backend.embeddingRow(weights.embedding, row: Int(token), into: row)
        let learned = weights.positions.pointer + position * c.width
        for column in 0..<c.width { row[column] += learned[column] }
        row += state.width
      }
    }
  }

  /// Sets x = norm(x + wo · softmax(q · k) · v), every text attending to all of itself.
  private func attend(_ layer: EncoderWeights.Layer, _ places: [Place], rows: Int) {
    let (c, s) = (configuration, state)
    let parts = [s.queries, s.keys, s.values]
    backend.matmulEach(
      layer.queryKeyValue, input: s.x.pointer, tokens: rows, inputStride: s.width,
      outputs: parts.map(\.pointer), outputStrides: parts.map { _ in s.width })
    for (part, bias) in zip(parts, layer.queryKeyValueBias) {
      backend.addBias(
        part.pointer, bias.pointer, tokens: rows, count: c.width, stride: s.width)
    }
    backend.storeKV(
      places.map {
        KVWrite(base: $0.cache, position: 0, firstRow: $0.firstRow, rows: $0.rows)
      }, layout: layout, keys: s.keys.pointer, keyStride: s.width, values: s.values.pointer,
      valueStride: s.width)
    backend.attention(
      places.map {
        AttentionRequest(
          firstRow: $0.firstRow, rows: $0.rows, attended: [],
          own: KVSpan(base: $0.cache, count: $0.rows), causal: false)
      }, layout: layout, queryHeads: c.heads, scale: 1 / Float(c.headDimension).squareRoot(),
      queries: s.queries.pointer, queryStride: s.width, output: s.attention.pointer,
      outputStride: s.width)
    project(layer.attentionOutput, layer.attentionOutputBias, s.attention, s.width, rows: rows)
    normalise(layer.attentionNorm, rows: rows)
  }

  /// Sets x = norm(x + down · gelu(up · x)).
  private func feedForward(_ layer: EncoderWeights.Layer, rows: Int) {
    let (c, s) = (configuration, state)
    backend.matmul(
      [layer.up], input: s.x.pointer, tokens: rows, inputStride: s.width,
      outputs: [s.inner.pointer], outputStrides: [s.innerWidth])
    backend.addBias(
      s.inner.pointer, layer.upBias.pointer, tokens: rows, count: c.feedForward,
      stride: s.innerWidth)
    backend.gelu(s.inner.pointer, tokens: rows, count: c.feedForward, stride: s.innerWidth)
    project(layer.down, layer.downBias, s.inner, s.innerWidth, rows: rows)
    normalise(layer.outputNorm, rows: rows)
  }

  /// Adds matrix · input + bias to x.
  private func project(
    _ matrix: PackedMatrix, _ bias: FloatBuffer, _ input: FloatBuffer, _ stride: Int, rows: Int
  ) {
    let (count, s) = (configuration.width, state)
    backend.matmul(
      [matrix], input: input.pointer, tokens: rows, inputStride: stride,
      outputs: [s.h.pointer], outputStrides: [s.width])
    backend.addBias(s.h.pointer, bias.pointer, tokens: rows, count: count, stride: s.width)
    backend.add(s.x.pointer, s.h.pointer, tokens: rows, count: count, stride: s.width)
  }

  private func normalise(_ norm: EncoderWeights.Norm, rows: Int) {
    backend.layerNorm(
      state.x.pointer, weight: norm.weight.pointer, bias: norm.bias.pointer,
      epsilon: configuration.normEpsilon, into: state.x.pointer, tokens: rows,
      count: configuration.width, stride: state.width)
  }
}
