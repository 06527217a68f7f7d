import Kernels

/// Rows of a chunk on their way through what a layer does to each row by itself.
///
/// Parts of the same chunk may be computed at the same time: they write different rows of `state`.
struct DecoderPart {
  private let model: LanguageModel
  private let backend: Backend
  private let rows: Range<Int>
  private let adapted: [AdaptedRows]

  /// `adapted`: rows of the chunk that adapters change.
  init(
    _ model: LanguageModel, _ backend: Backend, _ rows: Range<Int>, _ adapted: [AdaptedRows]
  ) {
    self.model = model
    self.backend = backend
    self.rows = rows
    self.adapted = adapted.compactMap { $0.clamped(to: rows) }
  }

  private var configuration: Configuration { model.configuration }
  private var features: DecoderFeatures { model.features }
  private var state: DecoderState { model.state }

  /// Queries, and keys and values into the segments of the pieces.
  func store(_ layerIndex: Int, _ pieces: [ForwardBatch.Piece]) {
    let (layer, c, s) = (model.weights.layers[layerIndex], configuration, state.strides)
    normalise(state.x, layer.attentionNorm)
    backend.matmulEach(
      layer.queryKeyValue, input: first(state.h, s.width), tokens: rows.count,
      inputStride: s.width,
      outputs: [
        first(state.queries, s.query), first(state.keys, s.keyValue),
        first(state.values, s.keyValue),
      ], outputStrides: [s.query, s.keyValue, s.keyValue])
    let projected = [
      (state.queries, s.query), (state.keys, s.keyValue), (state.values, s.keyValue),
    ]
    for (index, (output, stride)) in projected.enumerated() {
      adapt({ $0.queryKeyValue[index] }, layer: layerIndex, state.h, s.width, output, stride)
    }
    addBiases(layer)
    let table = features.window(ofLayer: layerIndex) == nil ? model.rope.global : model.rope.local
    rotate(
      Heads(rows: state.queries, count: c.heads, stride: s.query), layer.queryKeyNorm?.query, table)
    rotate(
      Heads(rows: state.keys, count: c.keyValueHeads, stride: s.keyValue),
      layer.queryKeyNorm?.key, table)
    backend.storeKV(
      pieces.compactMap { write(layerIndex, $0) }, layout: KVLayout(c), keys: state.keys.pointer,
      keyStride: s.keyValue, values: state.values.pointer, valueStride: s.keyValue)
  }

  /// The rows of a piece that lie in this part.
  private func write(_ index: Int, _ piece: ForwardBatch.Piece) -> KVWrite? {
    let own = piece.rows.clamped(to: rows)
    if own.isEmpty { return nil }
    return KVWrite(
      base: piece.segment.base(index), capacity: piece.segment.capacity,
      position: piece.segment.count + own.lowerBound - piece.firstRow, firstRow: own.lowerBound,
      rows: own.count)
  }

  private func addBiases(_ layer: DecoderWeights.Layer) {
    let (c, s) = (configuration, state.strides)
    let outputs = [
      (state.queries, c.queryWidth, s.query), (state.keys, c.keyValueWidth, s.keyValue),
      (state.values, c.keyValueWidth, s.keyValue),
    ]
    for ((buffer, count, stride), bias) in zip(outputs, layer.queryKeyValueBias) {
      backend.addBias(
        first(buffer, stride), bias.pointer, tokens: rows.count, count: count, stride: stride)
    }
  }

  /// Adds wo · attention, normed in some families, to x.
  func project(_ layerIndex: Int) {
    let (layer, s) = (model.weights.layers[layerIndex], state.strides)
    backend.matmul(
      [layer.attentionOutput], input: first(state.attention, s.query), tokens: rows.count,
      inputStride: s.query, outputs: [first(state.h, s.width)], outputStrides: [s.width])
    adapt(\.attentionOutput, layer: layerIndex, state.attention, s.query, state.h, s.width)
    addToResidual(layer.attentionPostNorm)
  }

  /// Adds down · (activation(gate · norm(x)) * (up · norm(x))), normed in some families, to x.
  func feedForward(_ layerIndex: Int) {
    let (layer, s) = (model.weights.layers[layerIndex], state.strides)
    normalise(state.x, layer.feedForwardNorm)
    let (gate, up) = (first(state.gate, s.feedForward), first(state.up, s.feedForward))
    backend.matmulEach(
      layer.gateUp, input: first(state.h, s.width), tokens: rows.count, inputStride: s.width,
      outputs: [gate, up], outputStrides: [s.feedForward, s.feedForward])
    for (index, output) in [state.gate, state.up].enumerated() {
      adapt(
        { $0.gateUp[index] }, layer: layerIndex, state.h, s.width, output, s.feedForward)
    }
    activate(gate, up)
    backend.matmul(
      [layer.down], input: gate, tokens: rows.count, inputStride: s.feedForward,
      outputs: [first(state.h, s.width)], outputStrides: [s.width])
    adapt(\.down, layer: layerIndex, state.gate, s.feedForward, state.h, s.width)
    addToResidual(layer.feedForwardPostNorm)
  }

  /// Adds to `output` what adapters change of a matrix's product with `input`: scale · up · (down · input).
  private func adapt(
    _ pair: (LoRAAdapter.Layer) -> LoRAAdapter.Pair?, layer: Int, _ input: FloatBuffer,
    _ inputStride: Int, _ output: FloatBuffer, _ stride: Int
  ) {
    for part in adapted {
      let (first, tokens) = (part.rows.lowerBound, part.rows.count)
      let down = state.adapterDown.pointer + first * state.adapterStride
      let up = state.adapterUp.pointer + first * state.adapterWidth
      for case let (adapter, pair?) in part.adapters.map({ ($0, pair($0.layers[layer])) }) {
        backend.matmul(
          [pair.down], input: input.pointer + first * inputStride, tokens: tokens,
          inputStride: inputStride, outputs: [down], outputStrides: [state.adapterStride])
        backend.matmul(
          [pair.up], input: down, tokens: tokens, inputStride: state.adapterStride, outputs: [up],
          outputStrides: [stride])
        backend.scale(up, by: pair.scale, tokens: tokens, count: pair.up.rows, stride: stride)
        backend.add(
          output.pointer + first * stride, up, tokens: tokens, count: pair.up.rows, stride: stride)
        withExtendedLifetime(adapter) {}
      }
    }
  }

  private func activate(_ gate: UnsafeMutablePointer<Float>, _ up: UnsafeMutablePointer<Float>) {
    let (count, stride) = (configuration.feedForward, state.strides.feedForward)
    switch features.activation {
    case .silu: backend.siluMultiply(gate, up, tokens: rows.count, count: count, stride: stride)
    case .geluTanh:
      backend.geluTanhMultiply(gate, up, tokens: rows.count, count: count, stride: stride)
    }
  }

  /// Sets h = norm(rows of `input`); `input` may be h.
  func normalise(_ input: FloatBuffer, _ weight: FloatBuffer) {
    let stride = state.strides.width
    backend.rmsNorm(
      first(input, stride), weight: weight.pointer, epsilon: configuration.normEpsilon,
      into: first(state.h, stride), tokens: rows.count, count: configuration.width, stride: stride)
  }

  /// Adds h to x, through a norm where the family has one.
  private func addToResidual(_ postNorm: FloatBuffer?) {
    if let postNorm { normalise(state.h, postNorm) }
    let stride = state.strides.width
    backend.add(
      first(state.x, stride), first(state.h, stride), tokens: rows.count,
      count: configuration.width, stride: stride)
  }

  /// Rows of heads, one after the other.
  private struct Heads {
    let rows: FloatBuffer
    let count: Int
    let stride: Int
  }

  /// Rotates each head by its token's position, after its norm if there is one.
  private func rotate(_ heads: Heads, _ norm: FloatBuffer?, _ table: RopeTable) {
    let dimension = configuration.headDimension
    let x = first(heads.rows, heads.stride)
    if let norm {
      backend.headNorm(
        x, weight: norm.pointer, epsilon: configuration.normEpsilon, tokens: rows.count,
        heads: heads.count, headDimension: dimension, stride: heads.stride)
    }
    state.positions.withUnsafeBufferPointer { positions in
      backend.rope(
        x, tokens: rows.count, heads: heads.count, headDimension: dimension,
        stride: heads.stride, table: table, positions: positions.baseAddress! + rows.lowerBound,
        interleaved: features.rope.isInterleaved)
    }
  }

  private func first(_ buffer: FloatBuffer, _ stride: Int) -> UnsafeMutablePointer<Float> {
    buffer.pointer + rows.lowerBound * stride
  }
}
