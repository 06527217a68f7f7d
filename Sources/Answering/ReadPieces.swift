import Inference

/// Keys and values of heads and passages that a chat model has read.
///
/// What was read before is used again where tokens, place, adapters and the head are the same, so
/// asking again over the same documents costs only the question's and the answer's tokens.
final class ReadPieces {
  private let model: LanguageModel
  private var segments: LeastRecentlyUsed<Key, KVSegment>

  private struct Key: Hashable {
    /// What the tokens see before them.
    let head: [Int32]
    let tokens: [Int32]
    let adapters: AdapterList
  }

  /// `byteLimit` bounds what is kept for later answers.
  init(model: LanguageModel, byteLimit: Int) {
    self.model = model
    segments = LeastRecentlyUsed(byteLimit: byteLimit)
  }

  /// The head, then the passages at `numbers`, in this order, each of which sees the head and itself.
  ///
  /// `check` may end the work before every part of it.
  func read(
    _ pieces: ChatPieces, numbers: [Int], adapters: [LoRAAdapter], check: () throws -> Void
  ) throws -> [KVSegment] {
    let head = try read(
      [pieces.head], from: 0, after: [], attending: [], adapters: adapters, check: check)
    return try head
      + read(
        numbers.map { pieces.passages[$0] }, from: pieces.passageStart, after: pieces.head,
        attending: head, adapters: adapters, check: check)
  }

  private func read(
    _ texts: [[Int32]], from start: Int, after head: [Int32], attending: [KVSegment],
    adapters: [LoRAAdapter], check: () throws -> Void
  ) throws -> [KVSegment] {
    let keys = texts.map { Key(head: head, tokens: $0, adapters: AdapterList(adapters)) }
    var found = keys.map { segments.value(for: $0) }
    let missing = found.indices.filter { found[$0] == nil }
    let computed = try model.read(
      missing.map { texts[$0] }, from: start, attending: attending, adapters: adapters,
      check: check)
    for (index, segment) in zip(missing, computed) {
      found[index] = segment
      segments.insert(segment, for: keys[index], bytes: segment.byteCount)
    }
    return found.compactMap { $0 }
  }
}

/// Adapters in their order, the same only if they are the same objects.
struct AdapterList: Hashable {
  let adapters: [LoRAAdapter]

  init(_ adapters: [LoRAAdapter]) { self.adapters = adapters }

  static func == (a: AdapterList, b: AdapterList) -> Bool {
    a.adapters.map(ObjectIdentifier.init) == b.adapters.map(ObjectIdentifier.init)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(adapters.map(ObjectIdentifier.init))
  }
}

extension LanguageModel {
  /// Segments of texts that do not see each other, all from position `start` on.
  ///
  /// They are computed `chunkTokens` tokens at a time, whatever texts these belong to; `check` may end
  /// the work before each time.
  func read(
    _ texts: [[Int32]], from start: Int, attending: [KVSegment], adapters: [LoRAAdapter],
    check: () throws -> Void = {}
  ) throws -> [KVSegment] {
    let segments = texts.map { _ in makeSegment(startPosition: start) }
    var batch: [ForwardRequest] = []
    var room = Self.chunkTokens
    func compute() throws {
      try check()
      _ = try forward(batch)
      batch = []
      room = Self.chunkTokens
    }
    for (text, segment) in zip(texts, segments) {
      var rest = text[...]
      while !rest.isEmpty {
        let part = Array(rest.prefix(room))
        batch.append(
          ForwardRequest(
            tokens: part, segment: segment, attending: attending, outputs: .none,
            adapters: adapters))
        rest = rest.dropFirst(part.count)
        room -= part.count
        if room == 0 { try compute() }
      }
    }
    if !batch.isEmpty { try compute() }
    return segments
  }
}
