/// Where a text can be cut before a space mark without a change of its tokens.
///
/// Nothing is ever joined across two characters that stand in no token side by side. Nearly all
/// vocabularies have marks at the beginning of tokens and in runs alone, so that what would be one
/// word of a whole text becomes words that fit the caches.
struct WordBoundaries: Sendable {
  /// The last bytes of characters that stand before a mark in some token.
  private var joined = Array(repeating: false, count: 256)

  init(_ vocabulary: Vocabulary) {
    for id in vocabulary.ids {
      let token = vocabulary[id]
      for index in token.indices.dropFirst() where token[index...].starts(with: spaceMark) {
        joined[Int(token[index - 1])] = true
      }
    }
  }

  /// The end of the word that begins at `start`: at a mark, or at the end of the text.
  func wordEnd(_ text: ArraySlice<UInt8>, from start: Int) -> Int {
    var index = start + 1
    while index < text.endIndex {
      if text[index] == spaceMark[0], !joined[Int(text[index - 1])],
        text[index...].starts(with: spaceMark)
      {
        return index
      }
      index += 1
    }
    return index
  }
}
