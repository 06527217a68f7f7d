import Corpus

/// A person's words as an FTS5 query: any text is safe, since only quoted words reach FTS5.
struct LexicalQuery: Equatable {
  /// The words that carry the question, without repetition.
  let words: [String]

  private static let maximumWords = 64
  private static let maximumBytes = 4096

  init(_ text: String) {
    let bounded = String(decoding: text.utf8.prefix(Self.maximumBytes), as: UTF8.self)
    var seen: Set<String> = []
    let all = NormalizedText(bounded).words.map { String(decoding: $0, as: UTF8.self) }
      .filter { seen.insert($0).inserted }
    words = Array(all.filter { !Self.functionWords.contains($0) }.prefix(Self.maximumWords))
  }

  /// Any of the words; nil if there is none.
  var expression: String? {
    words.isEmpty ? nil : words.map { "\"\($0)\"" }.joined(separator: " OR ")
  }

  /// Words that say nothing about a subject.
  ///
  /// They are left out of the query because most chunks hold some: with them every question would
  /// match everywhere, "no sources found" would never be said, and FTS5 would rank the whole index.
  private static let functionWords: Set<String> = [
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "because", "been", "before", "being", "between", "both", "but", "by", "can", "could", "d",
    "did", "do", "does", "doing", "done", "during", "each", "else", "ever", "for", "from", "had",
    "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how", "i", "if", "in",
    "into", "is", "it", "its", "just", "ll", "m", "many", "may", "me", "might", "more", "most",
    "much", "must", "my", "no", "nor", "not", "of", "on", "once", "one", "only", "or", "other",
    "our", "out", "over", "please", "re", "s", "shall", "she", "should", "so", "some", "such", "t",
    "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this",
    "those", "through", "to", "too", "under", "until", "up", "upon", "us", "ve", "very", "was",
    "we", "were", "what", "when", "where", "whether", "which", "while", "who", "whom", "whose",
    "why", "will", "with", "would", "you", "your",
  ]
}

/// What FTS5 is given to index: the text itself, with characters of scripts without spaces set
/// apart, since its tokenizer would take a whole run of them for one word.
enum LexicalText {
  static func indexed(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: \.isIdeograph) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar.isIdeograph {
        result += " \(scalar) "
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
