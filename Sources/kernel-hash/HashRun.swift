import Kernels

/// Runs every kernel on fixed pseudo-random data of awkward shapes.
struct HashRun {
  let backend: Backend
  private var numbers = Numbers(state: 7)

  init(backend: Backend) {
    self.backend = backend
  }

  mutating func all() {
    for format in WeightFormat.allCases {
      let shapes =
        format.blockColumns == 256
        ? [(48, 256), (37, 512), (16, 1024)] : [(48, 96), (37, 32), (16, 576)]
      for (rows, columns) in shapes {
        products(format, rows: rows, columns: columns)
      }
    }
    rowKernels()
    for dimension in [8, 32, 64, 80] {
      for interleaved in [true, false] { rotation(dimension, interleaved) }
      attention(dimension)
    }
    elementary()
  }

  private mutating func products(_ format: WeightFormat, rows: Int, columns: Int) {
    let bytes = numbers.weights(format, rows: rows, columns: columns)
    let matrix = bytes.withUnsafeBytes {
      PackedMatrix(packing: $0, format: format, rows: rows, columns: columns)
    }
    var hash = Hash()
    for tokens in [1, 2, 7, 13, 35] {
      let input = numbers.buffer(tokens * columns)
      defer { withExtendedLifetime(input) {} }
      let output = FloatBuffer(tokens * padded(rows))
      backend.matmul(
        [matrix], input: input.pointer, tokens: tokens, inputStride: columns,
        outputs: [output.pointer], outputStrides: [padded(rows)])
      hash.add(output)
    }
    let row = FloatBuffer(columns)
    backend.embeddingRow(matrix, row: rows - 1, into: row.pointer)
    hash.add(row)
    hash.show("matmul \(format.rawValue) \(rows)x\(columns)")
  }

  private mutating func rowKernels() {
    for count in [5, 16, 37, 576] {
      let tokens = 3
      let stride = padded(count)
      let weight = numbers.buffer(count)
      let bias = numbers.buffer(count)
      let up = numbers.buffer(tokens * stride)
      let x = numbers.buffer(tokens * stride)
      let y = FloatBuffer(tokens * stride)
      let (p, q) = (x.pointer, y.pointer)
      defer { withExtendedLifetime((weight, bias, up, x, y)) {} }
      var hash = Hash()
      backend.rmsNorm(
        p, weight: weight.pointer, epsilon: 1e-5, into: q, tokens: tokens, count: count,
        stride: stride)
      hash.add(y)
      y.pointer.update(from: p, count: y.count)
      let norm = (weight: UnsafePointer(weight.pointer), bias: UnsafePointer(bias.pointer))
      backend.layerNorm(
        q, norm, epsilon: 1e-12, tokens: tokens,
        count: count, stride: stride)
      hash.add(y)
      backend.addLayerNorm(
        q, adding: up.pointer, yBias: weight.pointer, norm,
        epsilon: 1e-12, tokens: tokens, count: count, stride: stride)
      hash.add(y)
      backend.siluMultiply(p, up.pointer, tokens: tokens, count: count, stride: stride)
      hash.add(x)
      backend.geluTanhMultiply(p, up.pointer, tokens: tokens, count: count, stride: stride)
      backend.softCap(p, cap: 3, tokens: tokens, count: count, stride: stride)
      hash.add(x)
      backend.gelu(q, bias: bias.pointer, tokens: tokens, count: count, stride: stride)
      hash.add(y)
      backend.add(p, q, tokens: tokens, count: count, stride: stride)
      backend.addBias(p, bias.pointer, tokens: tokens, count: count, stride: stride)
      backend.scale(p, by: 1.7, tokens: tokens, count: count, stride: stride)
      hash.add(x)
      hash.add(backend.logSumExp(p, count: count).bitPattern)
      hash.add(UInt64(backend.argmax(p, count: count)))
      hash.show("rows \(count)")
    }
  }

  private mutating func rotation(_ dimension: Int, _ interleaved: Bool) {
    let table = RopeTable(rotated: dimension, base: 10_000)
    table.reserve(positions: 700)
    let x = numbers.buffer(3 * 2 * dimension)
    let positions: [Int32] = [0, 5, 640]
    backend.rope(
      x.pointer, tokens: 3, heads: 2, headDimension: dimension, stride: 2 * dimension,
      table: table, positions: positions, interleaved: interleaved)
    var hash = Hash()
    hash.add(x)
    hash.show("rope \(dimension) \(interleaved ? "interleaved" : "halves")")
  }

  private mutating func attention(_ dimension: Int) {
    let layout = KVLayout(heads: 2, headDimension: dimension)
    let width = 2 * dimension
    let own = 21
    let shared = 260
    let rows = shared + own
    let keys = numbers.buffer(rows * width)
    let values = numbers.buffer(rows * width)
    let queries = numbers.buffer(own * 3 * width)
    let output = FloatBuffer(own * 3 * width)
    let first = KVBuffer(byteCount: layout.byteCount(positions: shared))
    let second = KVBuffer(byteCount: layout.byteCount(positions: own))
    defer { withExtendedLifetime((keys, values, queries, first, second)) {} }
    backend.storeKV(
      [
        KVWrite(
          base: first.pointer, capacity: KVLayout.capacity(positions: shared), position: 0,
          firstRow: 0, rows: shared),
        KVWrite(
          base: second.pointer, capacity: KVLayout.capacity(positions: own), position: 0,
          firstRow: shared, rows: own),
      ], layout: layout, keys: keys.pointer, keyStride: width, values: values.pointer,
      valueStride: width)
    var hash = Hash()
    for (causal, window, softCap) in [
      (true, nil, nil), (false, nil, nil), (true, 33, nil), (true, nil, 2),
    ] as [(Bool, Int?, Float?)] {
      let request = AttentionRequest(
        firstRow: 0, rows: own,
        attended: [
          KVSpan(
            base: first.pointer, capacity: KVLayout.capacity(positions: shared), count: shared)
        ],
        own: KVSpan(
          base: second.pointer, capacity: KVLayout.capacity(positions: own), count: own,
          position: shared), causal: causal,
        window: window)
      backend.attention(
        [request], layout: layout, queryHeads: 6, scale: 0.2, softCap: softCap,
        queries: queries.pointer, queryStride: 3 * width, output: output.pointer,
        outputStride: 3 * width)
      hash.add(output)
    }
    hash.show("attention \(dimension)")
  }

  private mutating func elementary() {
    var hash = Hash()
    for _ in 0..<1000 {
      let x = Double(numbers.float()) * 30
      hash.add(Deterministic.exp(x).bitPattern)
      hash.add(Deterministic.log(abs(x) + 1e-9).bitPattern)
      hash.add(Deterministic.sin(x).bitPattern)
      hash.add(Deterministic.cos(x).bitPattern)
    }
    hash.show("elementary")
  }
}
