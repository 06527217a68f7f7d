import Kernels

/// The requests of one batch, checked, and cut into chunks of bounded size.
///
/// Within a chunk every layer stores the keys and values of all rows before any of them attends, so
/// a request may read what an earlier request of the same batch appends: a whole tree of contexts
/// is one batch.
struct ForwardBatch {
  /// Consecutive tokens of one request.
  struct Piece {
    let tokens: ArraySlice<Int32>
    let segment: KVSegment
    let attended: [Attended]
    /// The position of the first token.
    let position: Int
    /// Where the piece begins among the chunk's rows.
    let firstRow: Int
    /// The index of the first token whose hidden state is wanted; the number of tokens if none is.
    let firstWanted: Int
    let adapters: [LoRAAdapter]

    var rows: Range<Int> { firstRow..<firstRow + tokens.count }
  }

  /// A segment that is read, with what earlier requests of the batch append to it.
  struct Attended {
    let segment: KVSegment
    let count: Int

    /// Its keys and values of a layer; those of this chunk have been stored and are not yet noted.
    func span(_ layer: Int) -> KVSpan { segment.span(layer, adding: count - segment.count) }
  }

  /// A row of the chunk whose hidden state is wanted, and where it belongs.
  struct Output {
    let row: Int
    /// The request, and the index of the row among those the request asked for.
    let request: Int
    let index: Int
  }

  struct Chunk {
    var pieces: [Piece] = []
    var outputs: [Output] = []
    var rows = 0

    /// The rows that adapters change.
    var adapted: [AdaptedRows] {
      pieces.filter { !$0.adapters.isEmpty }.map { AdaptedRows($0.rows, $0.adapters) }
    }
  }

  let requests: [ForwardRequest]
  /// For each request the token indices whose logits it asked for.
  let outputRows: [[Int]]
  /// What each request attends to, without empty segments.
  private let attended: [[Attended]]

  init(_ requests: [ForwardRequest], _ configuration: Configuration) throws {
    self.requests = requests
    outputRows = try requests.map(Self.rows)
    for request in requests { try Self.check(request, configuration) }
    attended = try Self.attended(requests)
  }

  /// The rows that adapters change where row i is that of output i.
  func adapted(_ outputs: [Output]) -> [AdaptedRows] {
    outputs.indices.compactMap { index in
      let adapters = requests[outputs[index].request].adapters
      return adapters.isEmpty ? nil : AdaptedRows(index..<index + 1, adapters)
    }
  }

  /// The chunks in order, each of at most `limit` rows.
  ///
  /// A request longer than a chunk continues in
  /// the next one, where it attends to what the earlier chunk has appended.
  func chunks(of limit: Int) -> [Chunk] {
    var result: [Chunk] = []
    var chunk = Chunk()
    for (index, request) in requests.enumerated() {
      var start = 0
      while start < request.tokens.count {
        let end = min(request.tokens.count, start + limit - chunk.rows)
        add(start..<end, of: index, to: &chunk)
        start = end
        if chunk.rows == limit {
          result.append(chunk)
          chunk = Chunk()
        }
      }
    }
    if chunk.rows > 0 { result.append(chunk) }
    return result
  }

  /// Takes back what the batch appended, and throws, if memory that it read was lost meanwhile.
  ///
  /// `weights`: whether those are still what they were.
  func requireIntact(weights: Bool) throws {
    let isIntact = requests.allSatisfy { request in
      !request.segment.isDamaged && request.attending.allSatisfy { !$0.isDamaged }
    }
    if isIntact && weights { return }
    for request in requests {
      request.segment.truncate(to: request.segment.count - request.tokens.count)
    }
    throw weights ? InferenceError.segmentLost : .weightsLost
  }

  private func add(_ range: Range<Int>, of index: Int, to chunk: inout Chunk) {
    let request = requests[index]
    var firstWanted = range.upperBound
    for (place, row) in outputRows[index].enumerated() where range.contains(row) {
      let output = Output(
        row: chunk.rows + row - range.lowerBound, request: index, index: place)
      chunk.outputs.append(output)
      firstWanted = min(firstWanted, row)
    }
    chunk.pieces.append(
      Piece(
        tokens: request.tokens[range], segment: request.segment, attended: attended[index],
        position: request.segment.nextPosition + range.lowerBound, firstRow: chunk.rows,
        firstWanted: firstWanted - range.lowerBound, adapters: request.adapters))
    chunk.rows += range.count
  }

  private static func rows(of request: ForwardRequest) throws -> [Int] {
    let count = request.tokens.count
    switch request.outputs {
    case .none: return []
    case .last: return count > 0 ? [count - 1] : []
    case .all: return Array(0..<count)
    case .rows(let rows):
      if let row = rows.first(where: { !(0..<count).contains($0) }) {
        throw InferenceError.invalidRequest(
          "row \(row) is not one of the request's \(count) tokens")
      }
      guard Set(rows).count == rows.count else {
        throw InferenceError.invalidRequest("a row of logits is asked for twice")
      }
      return rows
    }
  }

  private static func check(_ request: ForwardRequest, _ c: Configuration) throws {
    guard !request.tokens.isEmpty else {
      throw InferenceError.invalidRequest("a request has at least one token")
    }
    for token in request.tokens where token < 0 || Int(token) >= c.vocabulary {
      throw InferenceError.tokenOutOfRange(token: token, vocabulary: c.vocabulary)
    }
    let needed = request.segment.nextPosition + request.tokens.count
    guard needed <= c.contextLength else {
      throw InferenceError.contextOverflow(needed: needed, limit: c.contextLength)
    }
    guard request.adapters.count <= LoRAAdapter.limit else {
      throw InferenceError.invalidRequest(
        "\(request.adapters.count) adapters; a request has at most \(LoRAAdapter.limit)")
    }
    for segment in request.attending + [request.segment] where !segment.fits(c) {
      throw InferenceError.invalidRequest("a segment was made by a model of another shape")
    }
  }

  /// What each request reads: segments as they are after the requests before it.
  ///
  /// A segment that grows after it was read would make the result depend on the order.
  private static func attended(_ requests: [ForwardRequest]) throws -> [[Attended]] {
    var last: [ObjectIdentifier: Int] = [:]
    for (index, request) in requests.enumerated()
    where last.updateValue(index, forKey: ObjectIdentifier(request.segment)) != nil {
      throw InferenceError.invalidRequest("two requests of a batch append to the same segment")
    }
    return try requests.enumerated().map { index, request in
      try request.attending.compactMap { segment in
        var count = segment.count
        if let writer = last[ObjectIdentifier(segment)] {
          guard writer < index else {
            throw InferenceError.invalidRequest(
              "a request attends to a segment that it or a later request of the batch appends to")
          }
          count += requests[writer].tokens.count
        }
        return count > 0 ? Attended(segment: segment, count: count) : nil
      }
    }
  }
}
