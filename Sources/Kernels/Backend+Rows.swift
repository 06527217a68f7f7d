import CIntrinsics

extension Backend {
  /// Widens many rows of a matrix, one after the other, as for the embeddings of tokens.
  package func embeddingRows(
    _ matrix: PackedMatrix, rows: UnsafePointer<Int32>, count: Int,
    into output: UnsafeMutablePointer<Float>, stride: Int
  ) {
    defer { withExtendedLifetime(matrix) {} }
    overRows("embeddingRows", count, matrix.columns, passes: 1) { first, tokens in
      for token in first..<first + tokens {
        embeddingRow(matrix, row: Int(rows[token]), into: output + token * stride)
      }
    }
  }

  /// output = x / sqrt(mean(x^2) + epsilon) * weight, for each token.
  package func rmsNorm(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>, epsilon: Float,
    into output: UnsafeMutablePointer<Float>, tokens: Int, count: Int, stride: Int
  ) {
    overRows("rmsNorm", tokens, count, passes: 3) { first, rows in
      let at = first * stride
      kernels.rms_norm(x + at, weight, epsilon, output + at, rows, count, stride)
    }
  }

  /// The weight and bias of a layer norm, one number each for every column.
  package typealias LayerNorm = (weight: UnsafePointer<Float>, bias: UnsafePointer<Float>)

  /// x = (x - mean) / sqrt(variance + epsilon) * weight + bias, for each token.
  package func layerNorm(
    _ x: UnsafeMutablePointer<Float>, _ norm: LayerNorm, epsilon: Float, tokens: Int, count: Int,
    stride: Int
  ) {
    overRows("layerNorm", tokens, count, passes: 2) { first, rows in
      kernels.layer_norm(x + first * stride, norm.weight, norm.bias, epsilon, rows, count, stride)
    }
  }

  /// x = layerNorm(x + (y + yBias)), `yBias` the same row for each token.
  package func addLayerNorm(
    _ x: UnsafeMutablePointer<Float>, adding y: UnsafePointer<Float>,
    yBias: UnsafePointer<Float>, _ norm: LayerNorm, epsilon: Float, tokens: Int, count: Int,
    stride: Int
  ) {
    overRows("addLayerNorm", tokens, count, passes: 3) { first, rows in
      let at = first * stride
      kernels.add_layer_norm(
        x + at, y + at, yBias, norm.weight, norm.bias, epsilon, rows, count, stride)
    }
  }

  /// x += y.
  package func add(
    _ x: UnsafeMutablePointer<Float>, _ y: UnsafePointer<Float>, tokens: Int, count: Int,
    stride: Int
  ) {
    overRows("add", tokens, count, passes: 3) { first, rows in
      kernels.add(x + first * stride, y + first * stride, rows, count, stride, stride)
    }
  }

  /// x += bias, the same row for each token.
  package func addBias(
    _ x: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, tokens: Int, count: Int,
    stride: Int
  ) {
    overRows("addBias", tokens, count, passes: 2) { first, rows in
      kernels.add(x + first * stride, bias, rows, count, stride, 0)
    }
  }

  /// x *= factor.
  package func scale(
    _ x: UnsafeMutablePointer<Float>, by factor: Float, tokens: Int, count: Int, stride: Int
  ) {
    overRows("scale", tokens, count, passes: 2) { first, rows in
      kernels.scale(x + first * stride, factor, rows, count, stride)
    }
  }

  /// gate = gate / (1 + e^-gate) * up.
  package func siluMultiply(
    _ gate: UnsafeMutablePointer<Float>, _ up: UnsafePointer<Float>, tokens: Int, count: Int,
    stride: Int
  ) {
    overRows("siluMultiply", tokens, count, passes: 3) { first, rows in
      kernels.silu_multiply(gate + first * stride, up + first * stride, rows, count, stride)
    }
  }

  /// gate = gelu(gate) * up, GELU in its approximation by tanh.
  package func geluTanhMultiply(
    _ gate: UnsafeMutablePointer<Float>, _ up: UnsafePointer<Float>, tokens: Int, count: Int,
    stride: Int
  ) {
    overRows("geluTanhMultiply", tokens, count, passes: 3) { first, rows in
      kernels.gelu_tanh_multiply(gate + first * stride, up + first * stride, rows, count, stride)
    }
  }

  /// x = cap * tanh(x / cap), for each token; the cap is positive.
  package func softCap(
    _ x: UnsafeMutablePointer<Float>, cap: Float, tokens: Int, count: Int, stride: Int
  ) {
    overRows("softCap", tokens, count, passes: 2) { first, rows in
      kernels.soft_cap(x + first * stride, cap, rows, count, stride)
    }
  }

  /// x = x / sqrt(mean(x^2) + epsilon) * weight for each head of each token, weight the same for all.
  package func headNorm(
    _ x: UnsafeMutablePointer<Float>, weight: UnsafePointer<Float>, epsilon: Float, tokens: Int,
    heads: Int, headDimension: Int, stride: Int
  ) {
    overRows("headNorm", tokens, heads * headDimension, passes: 3) { first, rows in
      for row in first..<first + rows {
        let at = x + row * stride
        kernels.rms_norm(at, weight, epsilon, at, heads, headDimension, headDimension)
      }
    }
  }

  /// x = gelu(x + bias), gelu(x) = x / 2 * (1 + erf(x / sqrt 2)) and the bias the same for each token.
  package func gelu(
    _ x: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>, tokens: Int, count: Int,
    stride: Int
  ) {
    overRows("gelu", tokens, count, passes: 2) { first, rows in
      kernels.gelu(x + first * stride, bias, rows, count, stride)
    }
  }

  /// Rotates each head of each token by the angle of the token's position.
  ///
  /// Pairs are (2i, 2i + 1) when interleaved, otherwise (i, i + rotated / 2). The table must have been reserved beyond the largest position.
  package func rope(
    _ x: UnsafeMutablePointer<Float>, tokens: Int, heads: Int, headDimension: Int, stride: Int,
    table: RopeTable, positions: UnsafePointer<Int32>, interleaved: Bool
  ) {
    precondition(table.rotated <= headDimension)
    for token in 0..<tokens {
      precondition((0..<table.positions).contains(Int(positions[token])), "beyond the rope table")
    }
    var job = ci_rope(
      cosines: table.cosines, sines: table.sines, positions: positions, rotated: table.rotated,
      heads: heads, head_dimension: headDimension, stride: stride,
      interleaved: interleaved ? 1 : 0)
    defer { withExtendedLifetime(table) {} }
    withUnsafePointer(to: &job) { job in
      overRows("rope", tokens, heads * headDimension, passes: 2) { first, rows in
        kernels.rope(job, x, first, rows)
      }
    }
  }

  /// The first index of the largest value.
  package func argmax(_ x: UnsafePointer<Float>, count: Int) -> Int {
    precondition(count > 0)
    return kernels.argmax(x, count)
  }

  /// Shares whole rows between the threads once there is work for more than a few microseconds.
  @inline(__always)
  private func overRows(
    _ name: String, _ tokens: Int, _ count: Int, passes: Int, _ body: (Int, Int) -> Void
  ) {
    exclusive(
      KernelShape(name, columns: count, tokens: tokens),
      KernelWork(operations: tokens * count, bytes: 4 * passes * tokens * count)
    ) {
      let perUnit = max(1, 8192 / max(count, 1))
      let units = (tokens + perUnit - 1) / perUnit
      if units < 2 || threads == 1 {
        if tokens > 0 { body(0, tokens) }
      } else {
        team.run(units: units) { unit, _ in
          body(unit * perUnit, min(perUnit, tokens - unit * perUnit))
        }
      }
    }
  }
}
