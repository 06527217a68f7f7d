import Kernels

/// One chunk of texts on its way through the layers, in buffers that nobody else uses meanwhile.
struct EncoderPass {
  private let encoder: Encoder
  private let backend: Backend
  private let state: EncoderState

  init(_ encoder: Encoder, _ backend: Backend, _ state: EncoderState) {
    self.encoder = encoder
    self.backend = backend
    self.state = state
  }

  private var configuration: Configuration { encoder.configuration }
  private var weights: EncoderWeights { encoder.weights }
  private var rope: RopeTable? { encoder.rope }

  /// Where a text lies: its rows, and its block of keys and values.
  private struct Place {
    let firstRow: Int
    let rows: Int
    let cache: UnsafeMutableRawPointer
  }

  /// Leaves the last layer's vector of every token in `state.x`, text after text.
  func run(_ sequences: ArraySlice<Encoder.Sequence>) {
    let separate = encoder.features.separateLayers
    let whole = sequences.map(\.tokens.count)
    let texts = separate > 0 ? sequences.flatMap(\.textCounts) : whole
    // Every layer fills the blocks anew, so both divisions use the same memory.
    reserve(max(byteCount(texts), byteCount(whole)))
    let (apart, together) = (places(texts), places(whole))
    let rows = sequences.reduce(0) { $0 + $1.tokens.count }
    embed(sequences)
    backend.layerNorm(
      state.x.pointer, weights.embeddingNorm.pointers, epsilon: configuration.normEpsilon,
      tokens: rows, count: configuration.width, stride: state.width)
    for (index, layer) in weights.layers.enumerated() {
      attend(layer, index < separate ? apart : together, rows: rows)
      feedForward(layer, rows: rows)
    }
  }

  private func places(_ counts: [Int]) -> [Place] {
    var (firstRow, cache) = (0, state.cache.pointer)
    return counts.map { count in
      defer {
        (firstRow, cache) = (firstRow + count, cache + layout.byteCount(positions: count))
      }
      return Place(firstRow: firstRow, rows: count, cache: cache)
    }
  }

  private func byteCount(_ counts: [Int]) -> Int {
    counts.reduce(0) { $0 + layout.byteCount(positions: $1) }
  }

  private func reserve(_ bytes: Int) {
    if state.cache.byteCount < bytes { state.cache = KVBuffer(byteCount: bytes) }
  }

  private var layout: KVLayout { KVLayout(configuration) }

  /// Sets x = token embedding + what its position and token type add, and notes positions.
  private func embed(_ sequences: ArraySlice<Encoder.Sequence>) {
    let count = configuration.width
    var row = 0
    for sequence in sequences {
      sequence.tokens.withUnsafeBufferPointer {
        backend.embeddingRows(
          weights.embedding, rows: $0.baseAddress!, count: $0.count,
          into: state.x.pointer + row * state.width, stride: state.width)
      }
      for position in 0..<sequence.tokens.count {
        let x = state.x.pointer + row * state.width
        let isFirst = position < sequence.firstTypeCount
        let beginsAnew = !isFirst && encoder.features.separateLayers > 0
        let place = position - (beginsAnew ? sequence.firstTypeCount : 0)
        let added =
          weights.added[isFirst ? 0 : weights.added.count - 1].pointer
          + (rope == nil ? place * count : 0)
        for column in 0..<count { x[column] += added[column] }
        state.positions[row] = Int32(position)
        row += 1
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
    if let rope {
      for part in [s.queries, s.keys] {
        backend.rope(
          part.pointer, tokens: rows, heads: c.heads, headDimension: c.headDimension,
          stride: s.width, table: rope, positions: s.positions, interleaved: false)
      }
    }
    backend.storeKV(
      places.map {
        KVWrite(
          base: $0.cache, capacity: KVLayout.capacity(positions: $0.rows), position: 0,
          firstRow: $0.firstRow, rows: $0.rows)
      }, layout: layout, keys: s.keys.pointer, keyStride: s.width, values: s.values.pointer,
      valueStride: s.width)
    backend.attention(
      places.map {
        AttentionRequest(
          firstRow: $0.firstRow, rows: $0.rows, attended: [],
          own: KVSpan(
            base: $0.cache, capacity: KVLayout.capacity(positions: $0.rows), count: $0.rows),
          causal: false)
      }, layout: layout, queryHeads: c.heads, scale: 1 / Float(c.headDimension).squareRoot(),
      queries: s.queries.pointer, queryStride: s.width, output: s.attention.pointer,
      outputStride: s.width)
    add(layer.attentionOutput, s.attention, s.width, layer.attentionNorm, rows: rows)
  }

  /// Sets x = norm(x + down · gelu(up · x)), or with a gate norm(x + down · (silu(gate · x) * (up · x))).
  private func feedForward(_ layer: EncoderWeights.Layer, rows: Int) {
    let (count, s) = (configuration.feedForward, state)
    backend.matmulEach(
      layer.inner, input: s.x.pointer, tokens: rows, inputStride: s.width,
      outputs: encoder.features.isGated ? [s.inner.pointer, s.up.pointer] : [s.inner.pointer],
      outputStrides: layer.inner.map { _ in s.innerWidth })
    if encoder.features.isGated {
      backend.siluMultiply(
        s.inner.pointer, s.up.pointer, tokens: rows, count: count, stride: s.innerWidth)
    } else {
      backend.gelu(
        s.inner.pointer, bias: layer.upBias.pointer, tokens: rows, count: count,
        stride: s.innerWidth)
    }
    add(layer.down, s.inner, s.innerWidth, layer.outputNorm, rows: rows)
  }

  /// Sets x = norm(x + (matrix · input + bias)).
  private func add(
    _ linear: EncoderWeights.Linear, _ input: FloatBuffer, _ stride: Int,
    _ norm: EncoderWeights.Norm, rows: Int
  ) {
    backend.matmul(
      [linear.matrix], input: input.pointer, tokens: rows, inputStride: stride,
      outputs: [state.h.pointer], outputStrides: [state.width])
    backend.addLayerNorm(
      state.x.pointer, adding: state.h.pointer, yBias: linear.bias.pointer, norm.pointers,
      epsilon: configuration.normEpsilon, tokens: rows, count: configuration.width,
      stride: state.width)
  }
}
