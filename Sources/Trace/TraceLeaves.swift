import CBOR
import Corpus

/// The private fields as CBOR, and back with limits. `FORMAT.md` has the table.
extension TraceRecord {
  /// The value of one private field.
  func value(of field: PrivateField) -> CBOR {
    switch field {
    case .created: .integer(created)
    case .question: .text(question)
    case .answer: .text(answer)
    case .promptTokens: .array(promptTokens.map { .integer(Int64($0)) })
    case .answerTokens: .array(answerTokens.map { .integer(Int64($0)) })
    case .players: .array(players.map(\.cbor))
    case .chunks: .array(chunks.map(\.cbor))
    case .coalitions: .array(coalitions.map(\.cbor))
    case .labelScores: .array(labelScores.map(\.cbor))
    case .citations: .array(citations.map(\.cbor))
    case .documentShares: .array(documentShares.map(\.cbor) + adapters.map(\.cbor))
    case .sampler: sampler.cbor
    case .modelName: .text(modelName)
    case .timing: timing.cbor
    }
  }

  /// Reads one private field into the record.
  mutating func read(_ field: PrivateField, from value: CBOR) throws(CBORError) {
    let reader = LeafReader(field: field)
    switch field {
    case .created: created = try reader.int(value)
    case .question: question = try reader.text(value)
    case .answer: answer = try reader.text(value)
    case .promptTokens: promptTokens = try reader.tokens(value)
    case .answerTokens: answerTokens = try reader.tokens(value)
    case .players: players = try reader.list(value, TracePlayer.init)
    case .chunks: chunks = try reader.list(value, TraceChunk.init)
    case .coalitions: coalitions = try reader.list(value, TraceCoalition.init)
    case .labelScores: labelScores = try reader.list(value, TraceLabelScore.init)
    case .citations: citations = try reader.list(value, TraceCitation.init)
    case .documentShares: try readShares(value, reader)
    case .sampler: sampler = try TraceSampler(value, reader)
    case .modelName: modelName = try reader.text(value)
    case .timing: timing = try TraceTiming(value, reader)
    }
  }

  /// Documents, then adapters: the longer elements.
  private mutating func readShares(_ value: CBOR, _ reader: LeafReader) throws(CBORError) {
    let items = try reader.array(value, 0...1 << 16)
    let split = items.firstIndex {
      if case .array(let parts) = $0 { parts.count > 2 } else { false }
    }
    documentShares = try reader.list(
      .array(Array(items[..<(split ?? items.count)])), TraceDocumentShare.init)
    adapters = try reader.list(
      .array(Array(items[(split ?? items.count)...])), TraceAdapter.init)
  }
}

/// Reads the parts of one leaf and names the field in errors.
struct LeafReader {
  let field: PrivateField

  func error(_ value: CBOR, _ expected: String) -> CBORError {
    CBORError(.wrongField, field: field.path, found: value.kind, expected: expected)
  }

  func integer(_ value: CBOR) throws(CBORError) -> Int64 {
    guard let integer = value.integer else { throw error(value, "an integer of 64 bits") }
    return integer
  }

  func int(_ value: CBOR, _ range: ClosedRange<Int> = 0...Int.max) throws(CBORError) -> Int {
    let number = Int(try integer(value))
    guard range.contains(number) else {
      throw CBORError(
        .wrongField, field: field.path, found: "\(number)",
        expected: "\(range.lowerBound)...\(range.upperBound)")
    }
    return number
  }

  func text(_ value: CBOR) throws(CBORError) -> String {
    guard case .text(let text) = value else { throw error(value, "a text string") }
    return text
  }

  func digest(_ value: CBOR) throws(CBORError) -> Digest {
    guard case .bytes(let bytes) = value, let digest = Digest(bytes: bytes) else {
      throw error(value, "32 bytes")
    }
    return digest
  }

  func array(_ value: CBOR, _ count: ClosedRange<Int>) throws(CBORError) -> [CBOR] {
    guard case .array(let items) = value, count.contains(items.count) else {
      throw error(value, "an array of \(count.lowerBound)...\(count.upperBound)")
    }
    return items
  }

  func list<Element>(
    _ value: CBOR, _ read: ([CBOR], LeafReader) throws(CBORError) -> Element
  ) throws(CBORError) -> [Element] {
    var result: [Element] = []
    for item in try array(value, 0...1 << 16) {
      result.append(try read(try array(item, 1...16), self))
    }
    return result
  }

  func tokens(_ value: CBOR) throws(CBORError) -> [Int32] {
    var tokens: [Int32] = []
    for item in try array(value, 0...1 << 20) {
      tokens.append(Int32(try int(item, 0...Int(Int32.max))))
    }
    return tokens
  }

  func expect(_ parts: [CBOR], _ count: ClosedRange<Int>) throws(CBORError) {
    _ = try array(.array(parts), count)
  }
}

extension TracePlayer {
  fileprivate var cbor: CBOR {
    let exact: [CBOR] = [
      .bytes(contributor.bytes), .text(name), .integer(sharePPM), .integer(influenceMicroNats),
    ]
    return .array(exact + (standardErrorPPM.map { [.integer($0)] } ?? []))
  }

  fileprivate init(_ parts: [CBOR], _ reader: LeafReader) throws(CBORError) {
    try reader.expect(parts, 4...5)
    guard let key = ContributorKey(bytes: try reader.digest(parts[0]).bytes) else {
      throw reader.error(parts[0], "a key")
    }
    contributor = key
    name = try reader.text(parts[1])
    sharePPM = try reader.int(parts[2], 0...1_000_000)
    influenceMicroNats = try reader.integer(parts[3])
    standardErrorPPM = parts.count == 5 ? try reader.int(parts[4], 0...1_000_000) : nil
  }
}

extension TraceChunk {
  fileprivate var cbor: CBOR {
    [
      .bytes(shard.bytes), .text(document), .integer(start), .integer(end),
      .bytes(sha256.bytes), .integer(player), .integer(rank),
    ]
  }

  fileprivate init(_ parts: [CBOR], _ reader: LeafReader) throws(CBORError) {
    try reader.expect(parts, 7...7)
    shard = try reader.digest(parts[0])
    document = try reader.text(parts[1])
    start = try reader.int(parts[2])
    end = try reader.int(parts[3])
    sha256 = try reader.digest(parts[4])
    player = try reader.int(parts[5], 0...63)
    rank = try reader.int(parts[6], 0...65_535)
  }
}

extension TraceCoalition {
  fileprivate var cbor: CBOR {
    [.unsigned(documents), .array(tokenMicroNats.map { .integer($0) })]
  }

  fileprivate init(_ parts: [CBOR], _ reader: LeafReader) throws(CBORError) {
    try reader.expect(parts, 2...2)
    guard case .unsigned(let bits) = parts[0] else { throw reader.error(parts[0], "a bit set") }
    documents = bits
    tokenMicroNats = []
    for item in try reader.array(parts[1], 0...1 << 16) {
      tokenMicroNats.append(try reader.integer(item))
    }
  }
}

extension TraceLabelScore {
  fileprivate var cbor: CBOR {
    .array(
      [.integer(logProbability), .integer(bm25), .integer(cosine)]
        + (sentence.map { [.integer($0.chunk), .integer($0.sentence)] } ?? []))
  }

  fileprivate init(_ parts: [CBOR], _ reader: LeafReader) throws(CBORError) {
    try reader.expect(parts, parts.count > 3 ? 5...5 : 3...3)
    logProbability = try reader.integer(parts[0])
    bm25 = try reader.integer(parts[1])
    cosine = try reader.integer(parts[2])
    sentence = parts.count == 5 ? try TraceCitation(Array(parts[3...]), reader) : nil
  }
}

extension TraceCitation {
  fileprivate var cbor: CBOR { [.integer(chunk), .integer(sentence)] }

  fileprivate init(_ parts: [CBOR], _ reader: LeafReader) throws(CBORError) {
    try reader.expect(parts, 2...2)
    chunk = try reader.int(parts[0], 0...65_535)
    sentence = try reader.int(parts[1], 0...65_535)
  }
}

extension TraceDocumentShare {
  var cbor: CBOR { [.integer(chunk), .integer(sharePPM)] }

  fileprivate init(_ parts: [CBOR], _ reader: LeafReader) throws(CBORError) {
    try reader.expect(parts, 2...2)
    chunk = try reader.int(parts[0], 0...65_535)
    sharePPM = try reader.int(parts[1], 0...1_000_000)
  }
}

extension TraceAdapter {
  var cbor: CBOR {
    [
      .bytes(shard.bytes), .text(name), .bytes(sha256.bytes), .integer(player),
      .integer(sharePPM),
    ]
  }

  fileprivate init(_ parts: [CBOR], _ reader: LeafReader) throws(CBORError) {
    try reader.expect(parts, 5...5)
    shard = try reader.digest(parts[0])
    name = try reader.text(parts[1])
    sha256 = try reader.digest(parts[2])
    player = try reader.int(parts[3], 0...63)
    sharePPM = try reader.int(parts[4], 0...1_000_000)
  }
}

extension TraceSampler {
  fileprivate var cbor: CBOR {
    [
      .integer(temperature), .integer(topK), .integer(topP), .integer(minP),
      .integer(repeatPenalty), .unsigned(seed),
    ]
  }

  fileprivate init(_ value: CBOR, _ reader: LeafReader) throws(CBORError) {
    let parts = try reader.array(value, 6...6)
    temperature = try reader.integer(parts[0])
    topK = try reader.integer(parts[1])
    topP = try reader.integer(parts[2])
    minP = try reader.integer(parts[3])
    repeatPenalty = try reader.integer(parts[4])
    guard case .unsigned(let seed) = parts[5] else { throw reader.error(parts[5], "a seed") }
    self.seed = seed
  }
}

extension TraceTiming {
  fileprivate var cbor: CBOR {
    [.integer(promptTokens), .integer(answerMicroseconds), .integer(attributionMicroseconds)]
  }

  fileprivate init(_ value: CBOR, _ reader: LeafReader) throws(CBORError) {
    let parts = try reader.array(value, 3...3)
    promptTokens = try reader.int(parts[0])
    answerMicroseconds = try reader.int(parts[1])
    attributionMicroseconds = try reader.int(parts[2])
  }
}
