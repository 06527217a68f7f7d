/// What sort of thing an answer is, as far as its letters tell: what it may be exchanged for.
package struct AnswerKind: Hashable, Sendable {
  private enum Shape: Hashable {
    case number, name, phrase
  }

  private let shape: Shape
  /// Few words, or many.
  private let isLong: Bool

  package init(_ answer: String) {
    let words = answer.split(separator: " ")
    if answer.contains(where: \.isNumber) {
      shape = .number
    } else if words.allSatisfy({ $0.first?.isUppercase ?? false }) {
      shape = .name
    } else {
      shape = .phrase
    }
    isLong = words.count > 3
  }

  /// The first of `candidates`, from `start` on and around, of the same kind that shares no word with
  /// `answer`.
  package static func replacement(
    for answer: String, among candidates: [String], from start: Int
  ) -> String? {
    guard !candidates.isEmpty else { return nil }
    let kind = AnswerKind(answer)
    let words = wordSet(answer)
    return candidates.indices.lazy.map { candidates[(start + $0) % candidates.count] }
      .first { AnswerKind($0) == kind && words.isDisjoint(with: wordSet($0)) }
  }

  private static func wordSet(_ text: String) -> Set<String> {
    Set(text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init))
  }
}
