import CIntrinsics

extension Backend {
  /// Stores rows of keys and values, rotated already, in the segments' memory of one layer.
  package func storeKV(
    _ writes: [KVWrite], layout: KVLayout, keys: UnsafePointer<Float>, keyStride: Int,
    values: UnsafePointer<Float>, valueStride: Int
  ) {
    let rows = writes.reduce(0) { $0 + $1.rows }
    let count = layout.heads * layout.headDimension
    exclusive(
      KernelShape("storeKV", columns: count, tokens: rows),
      KernelWork(operations: 0, bytes: 16 * rows * count)
    ) {
      for write in writes {
        kernels.store_kv(
          keys + write.firstRow * keyStride, values + write.firstRow * valueStride, keyStride,
          valueStride, write.rows, layout.heads, layout.headDimension, write.base, write.position)
      }
    }
  }

  /// Attention of a batch of sequences in one region: output[row][head] = softmax(scale * q K) V.
  ///
  /// Work is shared by (sequence, kv head, tile of rows). Bits do not depend on how the same positions are
  /// cut into spans, nor on what else is in the batch.
  package func attention(
    _ requests: [AttentionRequest], layout: KVLayout, queryHeads: Int, scale: Float,
    queries: UnsafePointer<Float>, queryStride: Int, output: UnsafeMutablePointer<Float>,
    outputStride: Int
  ) {
    precondition(queryHeads % layout.heads == 0, "query heads are a multiple of kv heads")
    exclusive(
      KernelShape(
        "attention", rows: queryHeads, columns: layout.headDimension,
        tokens: requests.reduce(0) { $0 + $1.rows }),
      attentionWork(requests, layout, queryHeads)
    ) {
      var shape = ci_attention_shape(
        queries: queries, output: output, query_stride: queryStride, output_stride: outputStride,
        query_heads: queryHeads, kv_heads: layout.heads, head_dimension: layout.headDimension,
        scale: scale, tile_rows: max(1, min(kernels.attention_tile_rows, tileLimit)))
      withUnsafePointer(to: &shape) { AttentionPlan(self, requests, $0).run(team, kernels) }
    }
  }

  private func attentionWork(
    _ requests: [AttentionRequest], _ layout: KVLayout, _ queryHeads: Int
  ) -> KernelWork {
    var pairs = 0
    var positions = 0
    for request in requests {
      let before = request.attended.reduce(0) { $0 + $1.count } + request.own.count
      positions += before
      pairs += request.rows * before - (request.causal ? request.rows * (request.rows - 1) / 2 : 0)
    }
    return KernelWork(
      operations: 4 * pairs * queryHeads * layout.headDimension,
      bytes: 8 * positions * layout.heads * layout.headDimension)
  }
}

/// One call's sequences as the kernels read them, and how the work is cut into units.
private struct AttentionPlan {
  private let shape: UnsafePointer<ci_attention_shape>
  private let requests: UnsafeMutablePointer<ci_attention_request>
  private let count: Int
  private let scratch: UnsafeMutableRawPointer
  private let scratchBytes: Int

  init(
    _ backend: Backend, _ wanted: [AttentionRequest], _ shape: UnsafePointer<ci_attention_shape>
  ) {
    self.shape = shape
    count = wanted.count
    let spanCount = wanted.reduce(0) { $0 + $1.attended.count + 1 }
    let requestBytes = count * MemoryLayout<ci_attention_request>.stride
    let memory = backend.jobs.reserve(requestBytes + spanCount * MemoryLayout<ci_span>.stride)
    requests = memory.bindMemory(to: ci_attention_request.self, capacity: count)
    var spans = (memory + requestBytes).bindMemory(to: ci_span.self, capacity: spanCount)
    var longest = 0
    for (i, request) in wanted.enumerated() {
      let first = spans
      var total = 0
      for span in request.attended + [request.own] {
        spans.pointee = ci_span(base: span.base, count: span.count)
        spans += 1
        total += span.count
      }
      requests[i] = ci_attention_request(
        first_row: request.firstRow, rows: request.rows, causal: request.causal ? 1 : 0,
        span_count: request.attended.count + 1, total: total, spans: first)
      longest = max(longest, total)
    }
    let rows = shape.pointee.tile_rows
    let floats = rows * (2 * padded(shape.pointee.head_dimension) + padded(longest) + 48) + 64
    scratchBytes = (4 * floats + 127) & ~127
    scratch = backend.attentionRows.reserve(scratchBytes * backend.threads)
  }

  func run(_ team: ThreadTeam, _ kernels: ci_kernels) {
    var units = 0
    for i in 0..<count { units += unitCount(i) }
    team.run(units: units) { unit, thread in
      var rest = unit
      var i = 0
      while rest >= unitCount(i) {
        rest -= unitCount(i)
        i += 1
      }
      let split = tiles(i)
      let tile = rest % split.count
      let own = (scratch + thread * scratchBytes).assumingMemoryBound(to: Float.self)
      kernels.attend(
        shape, requests + i, rest / split.count, split.start(tile), split.size(tile), own)
    }
  }

  private func tiles(_ i: Int) -> TileSplit {
    let group = shape.pointee.query_heads / shape.pointee.kv_heads
    return TileSplit(requests[i].rows * group, limit: shape.pointee.tile_rows)
  }

  private func unitCount(_ i: Int) -> Int { tiles(i).count * shape.pointee.kv_heads }
}
