import Attribution
import Inference

/// Values an answer of a chat model whose passages do not see each other.
///
/// v(S) is the log-probability of the answer's tokens where question and answer see the head and the
/// passages of S, as the model with only the adapters of S computes it. A passage that is missing is
/// a segment less to attend to: nothing else moves. An adapter changes every key and value, so what
/// is read is read again for each set of adapters.
package struct IndependentChatScorer: TokenScorer {
  package typealias Failure = any Error

  let chat: ChatModel
  let reading: ReadPieces
  let answer: Answer
  let prompt: ChatPrompt
  let pieces: ChatPieces
  /// What the last answer was made from.
  let made: IndependentChatContext?

  package func tokenValues(of coalitions: [Coalition]) throws -> [[MicroNats]] {
    try chat.micro(logProbabilities(of: coalitions))
  }

  /// One row for each coalition; coalitions with the same adapters are one batch.
  func logProbabilities(of coalitions: [Coalition]) throws -> [[Double]] {
    let groups = Dictionary(grouping: coalitions.indices) {
      AdapterList(answer.adapters(of: coalitions[$0]))
    }
    var rows = [[Double]](repeating: [], count: coalitions.count)
    // In the order of their first coalition: one set's segments at a time are in memory.
    for (list, members) in groups.sorted(by: { $0.value[0] < $1.value[0] }) {
      let present = members.map { numbers(of: coalitions[$0]) }
      let segments = try segments(of: Set(present.joined()), list.adapters)
      let values = try values(
        after: present.map { [segments.head] + $0.compactMap { segments.passages[$0] } },
        list.adapters)
      for (index, row) in zip(members, values) { rows[index] = row }
    }
    return rows
  }

  /// Each passage is read anew without the sentence, as the passage of the same number; where it has
  /// no other sentence it is left out.
  package func tokenValues(withoutEach places: [SentencePlace]) throws -> [[MicroNats]] {
    let adapters = answer.adapters.map(\.weights)
    let everything = Array(prompt.numbered.indices)
    let whole = try segments(of: Set(everything), adapters)
    var rows: [[Double]] = []
    for group in groups(of: places.map(removal)) {
      let read = try chat.model.read(
        group.compactMap(\.text), from: pieces.passageStart, attending: [whole.head],
        adapters: adapters)
      var fresh = read[...]
      let attending = group.map { removal in
        let replaced = removal.text == nil ? nil : fresh.popFirst()
        return [whole.head]
          + everything.compactMap { $0 == removal.number ? replaced : whole.passages[$0] }
      }
      rows += try values(after: attending, adapters)
    }
    return try chat.micro(rows)
  }

  // MARK: Passages

  private func numbers(of coalition: Coalition) -> [Int] {
    let present = Set(answer.sources(of: coalition))
    return prompt.numbered.indices.filter { present.contains(prompt.numbered[$0]) }
  }

  private struct Segments {
    let head: KVSegment
    /// By number.
    let passages: [Int: KVSegment]
  }

  private func segments(of numbers: Set<Int>, _ adapters: [LoRAAdapter]) throws -> Segments {
    if let made, made.pieces == pieces, made.adapters == AdapterList(adapters) {
      return Segments(
        head: made.segments[0],
        passages: Dictionary(uniqueKeysWithValues: zip(0..., made.segments.dropFirst())))
    }
    let numbers = numbers.sorted()
    let read = try reading.read(pieces, numbers: numbers, adapters: adapters, check: {})
    return Segments(
      head: read[0], passages: Dictionary(uniqueKeysWithValues: zip(numbers, read.dropFirst())))
  }

  private func values(
    after contexts: [[KVSegment]], _ adapters: [LoRAAdapter]
  ) throws -> [[Double]] {
    try chat.model.logProbabilities(
      of: contexts.map { attending in
        ScoredSequence(
          context: pieces.tail, continuation: answer.tokenIDs, startPosition: pieces.tailStart,
          attending: attending, adapters: adapters)
      })
  }

  // MARK: Sentences

  /// What taking out a sentence leaves of its passage.
  private struct Removal {
    /// Nil for a sentence that was not read.
    var number: Int?
    /// Nil where nothing is left, or nothing was read.
    var text: [Int32]?
  }

  private func removal(_ place: SentencePlace) -> Removal {
    guard let number = prompt.numbered.firstIndex(of: place.source) else { return Removal() }
    let source = prompt.sources[place.source]
    guard source.sentences.count > 1 else { return Removal(number: number) }
    return Removal(
      number: number,
      text: prompt.passage(number, source.text(withoutSentence: place.sentence)))
  }

  /// Runs of about 4,096 tokens to read, so that what is kept at a time does not grow with the number
  /// of sentences.
  private func groups(of removals: [Removal]) -> [[Removal]] {
    var groups: [[Removal]] = []
    var count = 0
    for removal in removals {
      let tokens = removal.text?.count ?? 0
      if groups.isEmpty || count + tokens > 4096 {
        groups.append([])
        count = 0
      }
      groups[groups.count - 1].append(removal)
      count += tokens
    }
    return groups
  }
}
