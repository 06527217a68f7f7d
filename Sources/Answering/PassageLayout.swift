import Tokenizers

/// Which source stands where in the reader's context.
///
/// A source is read in passages of at most five sentences, each in a slot of its own with five
/// labels. A passage takes the slot that its text's hash names or, where that is taken, the next
/// free one, in the order of the hashes: so neither retrieval's ranking nor anything else outside
/// the passages decides where one stands.
struct PassageLayout {
  struct Passage {
    let source: Int
    /// Index of its first sentence in the source.
    let firstSentence: Int
    let sentences: [ReaderSentence]
    let slot: Int

    func label(ofSentence index: Int) -> Label {
      slot * ReaderVocabulary.sentencesPerSlot + index + 1
    }
  }

  /// Ascending by slot.
  let passages: [Passage]
  /// Sources, as indices, that did not fit.
  let dropped: [Int]

  /// Places `sources`, best first, as far as slots reach.
  init(sources: [Source], vocabulary: ReaderVocabulary, tokenizer: any Tokenizer) {
    var pieces: [Piece] = []
    var dropped: [Int] = []
    for (index, source) in sources.enumerated() {
      let added = Piece.pieces(of: source, at: index, vocabulary: vocabulary, tokenizer: tokenizer)
      if added.isEmpty || pieces.count + added.count > ReaderVocabulary.slots {
        dropped.append(index)
      } else {
        pieces += added
      }
    }
    self.dropped = dropped
    passages = Self.place(pieces)
  }

  func passage(holding label: Label) -> Passage? {
    passages.first { $0.slot == (label - 1) / ReaderVocabulary.sentencesPerSlot }
  }

  func sentence(_ label: Label) -> ReaderSentence? {
    guard let passage = passage(holding: label) else { return nil }
    let index = (label - 1) % ReaderVocabulary.sentencesPerSlot
    return index < passage.sentences.count ? passage.sentences[index] : nil
  }

  private static func place(_ pieces: [Piece]) -> [Passage] {
    var taken = [Passage?](repeating: nil, count: ReaderVocabulary.slots)
    for piece in pieces.sorted(by: <) {
      var slot = Int(piece.hash % UInt64(ReaderVocabulary.slots))
      while taken[slot] != nil { slot = (slot + 1) % ReaderVocabulary.slots }
      taken[slot] = Passage(
        source: piece.source, firstSentence: piece.firstSentence, sentences: piece.sentences,
        slot: slot)
    }
    return taken.compactMap { $0 }
  }
}

/// A sentence as the reader sees it: one line, with its tokens.
struct ReaderSentence: Sendable {
  let text: String
  let tokens: [Int32]

  /// White space runs, line breaks among them, become single spaces.
  init(_ sentence: String, tokenizer: any Tokenizer) {
    text = sentence.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    tokens = tokenizer.encode(" " + text, addSpecial: false, parseSpecial: false)
  }
}

/// A part of a source that fits one slot.
private struct Piece: Comparable {
  let source: Int
  let firstSentence: Int
  let sentences: [ReaderSentence]
  let reference: String
  let text: String
  let hash: UInt64

  static func pieces(
    of source: Source, at index: Int, vocabulary: ReaderVocabulary, tokenizer: any Tokenizer
  ) -> [Piece] {
    // The passage's own token and one per label; a sentence longer than all of it is read in part.
    let limit = vocabulary.questionPosition - 1
    var pieces: [Piece] = []
    var sentences: [ReaderSentence] = []
    var used = 0
    func close(before next: Int) {
      guard !sentences.isEmpty else { return }
      pieces.append(
        Piece(source: index, of: source, from: next - sentences.count, sentences: sentences))
      (sentences, used) = ([], 0)
    }
    for (number, text) in source.sentences.enumerated() {
      let sentence = ReaderSentence(text, tokenizer: tokenizer)
      let length = min(limit, sentence.tokens.count + 1)
      if sentences.count == ReaderVocabulary.sentencesPerSlot || used + length > limit {
        close(before: number)
      }
      sentences.append(sentence)
      used += length
    }
    close(before: source.sentences.count)
    return pieces
  }

  private init(source: Int, of origin: Source, from first: Int, sentences: [ReaderSentence]) {
    self.source = source
    firstSentence = first
    self.sentences = sentences
    reference = origin.reference
    text = sentences.map(\.text).joined(separator: "\n")
    hash = fnv1a(text)
  }

  private var key: (UInt64, String, String, Int) { (hash, text, reference, firstSentence) }
  static func < (a: Piece, b: Piece) -> Bool { a.key < b.key }
  static func == (a: Piece, b: Piece) -> Bool { a.key == b.key }
}

/// FNV-1a, 64 bits.
///
/// It only spreads passages over slots: nothing is trusted because of it.
func fnv1a(_ text: String) -> UInt64 {
  text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
