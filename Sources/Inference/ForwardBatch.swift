/// The requests of one batch, checked, and cut into chunks of bounded size.
struct ForwardBatch {
  /// Consecutive tokens of one request.
  struct Piece {
    let tokens: ArraySlice<Int32>
    let segment: KVSegment
    let attending: [KVSegment]
    /// The position of the first token.
    let position: Int
    /// Where the piece begins among the chunk's rows.
    let firstRow: Int
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
  }

  let requests: [ForwardRequest]
  /// For each request the token indices whose logits it asked for.
  let outputRows: [[Int]]

  init(_ requests: [ForwardRequest], _ configuration: Configuration) throws {
    self.requests = requests
    outputRows = try requests.map(Self.rows)
    for request in requests { try Self.check(request, configuration) }
    try Self.checkSegments(requests)
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

  private func add(_ range: Range<Int>, of index: Int, to chunk: inout Chunk) {
    let request = requests[index]
    for (place, row) in outputRows[index].enumerated() where range.contains(row) {
      let output = Output(
        row: chunk.rows + row - range.lowerBound, request: index, index: place)
      chunk.outputs.append(output)
    }
    chunk.pieces.append(
      Piece(
        tokens: request.tokens[range], segment: request.segment, attending: request.attending,
        position: request.segment.nextPosition + range.lowerBound, firstRow: chunk.rows))
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
    for segment in request.attending + [request.segment] where !segment.fits(c) {
      throw InferenceError.invalidRequest("a segment was made by a model of another shape")
    }
  }

  /// A segment that grows while others read it would make the result depend on the order.
  private static func checkSegments(_ requests: [ForwardRequest]) throws {
    var appended: Set<ObjectIdentifier> = []
    for request in requests where !appended.insert(ObjectIdentifier(request.segment)).inserted {
      throw InferenceError.invalidRequest("two requests of a batch append to the same segment")
    }
    for segment in requests.flatMap(\.attending) where appended.contains(ObjectIdentifier(segment))
    {
      throw InferenceError.invalidRequest(
        "a request attends to a segment that the batch appends to")
    }
  }
}
