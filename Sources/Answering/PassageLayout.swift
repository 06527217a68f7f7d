import Tokenizers

/// Which source stands where in the reader's context.
///
/// Each of eight slots has five labels. A source is read as one passage, in one slot or, with more
/// than five sentences, in neighbouring ones: encoded together, its sentences keep their context.
///
/// A passage takes the slot that its text's hash names or, where that is taken, the next free one,
/// longer passages first, in the order of the hashes: so neither retrieval's ranking nor anything
/// else outside the passages decides where one stands. A sentence that is omitted leaves no gap: a
/// passage stands as if its source had never had it.
struct PassageLayout {
  struct Passage {
    let source: Int
    let sentences: [ReaderSentence]
    /// The first of its slots.
    let slot: Int
    /// Where a sentence was taken out: the later ones keep their labels.
    var gap: Int?

    func label(ofSentence index: Int) -> Label {
      let place = gap.map { index < $0 ? index : index + 1 } ?? index
      return slot * ReaderVocabulary.sentencesPerSlot + place + 1
    }

    func index(of label: Label) -> Int? {
      sentences.indices.first { self.label(ofSentence: $0) == label }
    }

    /// The passage without one of its sentences; nil where it was the only one.
    func without(_ index: Int) -> Passage? {
      if sentences.count == 1 { return nil }
      var rest = sentences
      rest.remove(at: index)
      return Passage(source: source, sentences: rest, slot: slot, gap: index)
    }
  }

  /// Ascending by slot.
  let passages: [Passage]
  /// Sources, as indices, that did not fit or have no sentence left.
  let dropped: [Int]

  /// Passages that have their slots already.
  init(passages: [Passage]) {
    self.passages = passages
    dropped = []
  }

  /// Places `sources`, best first, as far as slots reach, without the sentences that are omitted.
  init(
    sources: [Source], vocabulary: ReaderVocabulary, tokenizer: any Tokenizer,
    omitting isOmitted: (String) -> Bool = { _ in false }
  ) {
    var pieces: [Piece] = []
    var dropped: [Int] = []
    var free = ReaderVocabulary.slots
    for (index, source) in sources.enumerated() {
      let sentences = source.sentences.enumerated()
        .filter { !source.unread.contains($0.offset) && !isOmitted($0.element) }
        .map { ReaderSentence($0.element, number: $0.offset, tokenizer: tokenizer) }
      let added = Piece.pieces(of: source, at: index, sentences, vocabulary: vocabulary)
      let needed = added.reduce(0) { $0 + $1.slots }
      if added.isEmpty || needed > free {
        dropped.append(index)
      } else {
        pieces += added
        free -= needed
      }
    }
    self.dropped = dropped
    passages = Self.place(pieces.sorted(by: <))
  }

  func passage(holding label: Label) -> Passage? {
    passages.first { $0.index(of: label) != nil }
  }

  func sentence(_ label: Label) -> ReaderSentence? {
    passage(holding: label).flatMap { passage in
      passage.index(of: label).map { passage.sentences[$0] }
    }
  }

  /// Gives every piece its slots: where hashes leave no room for a long one, one after the other.
  private static func place(_ pieces: [Piece]) -> [Passage] {
    var starts: [Int] = []
    var taken = Set<Int>()
    for piece in pieces {
      let candidates = (0..<ReaderVocabulary.slots).map {
        (piece.preferredSlot + $0) % ReaderVocabulary.slots
      }
      let start = candidates.first { start in
        start + piece.slots <= ReaderVocabulary.slots
          && taken.isDisjoint(with: start..<start + piece.slots)
      }
      guard let start else { break }
      starts.append(start)
      taken.formUnion(start..<start + piece.slots)
    }
    if starts.count < pieces.count {
      starts = pieces.indices.map { index in pieces[..<index].reduce(0) { $0 + $1.slots } }
    }
    return zip(pieces, starts).map { piece, start in
      Passage(source: piece.source, sentences: piece.sentences, slot: start)
    }.sorted { $0.slot < $1.slot }
  }
}

/// A sentence as the reader sees it: one line, with its tokens.
struct ReaderSentence: Sendable {
  /// Its index in the source.
  let number: Int
  let text: String
  let tokens: [Int32]

  /// White space runs, line breaks among them, become single spaces.
  init(_ sentence: String, number: Int = 0, tokenizer: any Tokenizer) {
    self.number = number
    text = sentence.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    tokens = tokenizer.encode(" " + text, addSpecial: false, parseSpecial: false)
  }
}

/// A source, or as much of it as fits the positions of a passage.
private struct Piece: Comparable {
  let source: Int
  let sentences: [ReaderSentence]
  let reference: String
  let text: String
  let hash: UInt64

  /// Slots that it needs, and the first that its hash names.
  var slots: Int { (sentences.count - 1) / ReaderVocabulary.sentencesPerSlot + 1 }
  var preferredSlot: Int { Int(hash % UInt64(ReaderVocabulary.slots)) }

  static func pieces(
    of source: Source, at index: Int, _ all: [ReaderSentence], vocabulary: ReaderVocabulary
  ) -> [Piece] {
    // The passage's own token and one per label; a sentence longer than all of it is read in part.
    let limit = vocabulary.questionPosition - 1
    var pieces: [Piece] = []
    var sentences: [ReaderSentence] = []
    var used = 0
    func close() {
      guard !sentences.isEmpty else { return }
      pieces.append(Piece(source: index, of: source, sentences: sentences))
      (sentences, used) = ([], 0)
    }
    for sentence in all {
      let length = min(limit, sentence.tokens.count + 1)
      if sentences.count == ReaderVocabulary.labelCount || used + length > limit {
        close()
      }
      sentences.append(sentence)
      used += length
    }
    close()
    return pieces
  }

  private init(source: Int, of origin: Source, sentences: [ReaderSentence]) {
    self.source = source
    self.sentences = sentences
    reference = origin.reference
    text = sentences.map(\.text).joined(separator: "\n")
    hash = fnv1a(text)
  }

  private var key: (Int, UInt64, String, String, Int) {
    (-slots, hash, text, reference, sentences[0].number)
  }
  static func < (a: Piece, b: Piece) -> Bool { a.key < b.key }
  static func == (a: Piece, b: Piece) -> Bool { a.key == b.key }
}

/// FNV-1a, 64 bits.
///
/// It only spreads passages over slots: nothing is trusted because of it.
func fnv1a(_ text: String) -> UInt64 {
  text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
