/// A question's words, to be compared with those of many sentences.
package struct AskedQuestion: Sendable {
  /// The distinct stems of its content words, ascending.
  let stems: [String]
  private let distinct: Set<String>
  private let beginning: [String]

  package init(_ text: String) {
    stems = Stems.content(of: text)
    distinct = Set(stems)
    beginning = Array(Stems.words(of: text).prefix(2))
  }

  /// Whether `text` asks the question again: no content word of its own, and it ends with a question
  /// mark or begins with the question's first two words.
  ///
  /// The answer to a question of yes or no has no content word of its own either, but other words
  /// first.
  package func isRepeated(by text: String) -> Bool {
    let stems = Stems.content(of: text)
    guard !stems.isEmpty, distinct.isSuperset(of: stems) else { return false }
    let mark = text.last { !$0.isWhitespace && !"\"')]”’»".contains($0) }
    let words = Stems.words(of: text).prefix(2)
    return mark == "?" || (words.count == 2 && words.elementsEqual(beginning))
  }
}
