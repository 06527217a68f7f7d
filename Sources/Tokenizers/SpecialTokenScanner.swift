import GGUF

/// Finds special tokens written in text, the longest first wherever they stand, as llama.cpp does.
///
/// Among tokens of the same length the leftmost wins; there llama.cpp's order is left to a sort.
struct SpecialTokenScanner: Sendable {
  enum Fragment: Equatable {
    case text(Range<Int>)
    case token(Int32)
  }

  private let vocabulary: Vocabulary
  /// All special tokens, and those that count in any text.
  private let all: PrefixTree
  private let userDefined: PrefixTree
  private let stripping: WhitespaceStripping
  /// A longer token could make the scan quadratic, and is none that anybody writes.
  private static let longest = 256

  init(_ file: GGUFFile, _ vocabulary: Vocabulary) throws(GGUFError) {
    self.vocabulary = vocabulary
    let special = vocabulary.ids.filter {
      vocabulary.kinds[Int($0)].isSpecial && vocabulary[$0].count <= Self.longest
    }
    all = PrefixTree(vocabulary, special)
    userDefined = PrefixTree(
      vocabulary, special.filter { vocabulary.kinds[Int($0)] == .userDefined })
    stripping = try WhitespaceStripping(file, vocabulary, special)
  }

  /// Cuts `text` into special tokens and what lies between them.
  ///
  /// - Parameter parseControl: whether control tokens count, or user-defined ones alone.
  func fragments(of text: [UInt8], parseControl: Bool) -> [Fragment] {
    let tree = parseControl ? all : userDefined
    let found = accepted(candidates(text, tree), text, tree)
    var fragments: [Fragment] = []
    var start = 0
    for (position, token) in found.sorted(by: { $0.position < $1.position }) {
      var end = position
      if stripping.before.contains(token) {
        while end > start, text[end - 1].isSpace { end -= 1 }
      }
      if start < end { fragments.append(.text(start..<end)) }
      fragments.append(.token(token))
      start = position + vocabulary[token].count
      if stripping.after.contains(token) {
        while start < text.count, text[start].isSpace { start += 1 }
      }
    }
    if start < text.count { fragments.append(.text(start..<text.count)) }
    return fragments
  }

  private typealias Match = (position: Int, token: Int32)

  /// The longest token at each place, by its length.
  private func candidates(_ text: [UInt8], _ tree: PrefixTree) -> [[Match]] {
    var byLength: [[Match]] = []
    let begins = (UInt8.min...UInt8.max).map { tree.child(PrefixTree.root, $0) != nil }
    for position in text.indices where begins[Int(text[position])] {
      guard let token = tree.longest(text[...], at: position) else { continue }
      if byLength.isEmpty { byLength = Array(repeating: [], count: Self.longest + 1) }
      byLength[vocabulary[token].count].append((position, token))
    }
    return byLength
  }

  /// Takes candidates that overlap nothing taken before; one that does gives way to a shorter one
  /// at its place.
  private func accepted(
    _ candidates: [[Match]], _ text: [UInt8], _ tree: PrefixTree
  ) -> [Match] {
    guard !candidates.isEmpty else { return [] }
    var candidates = candidates
    var accepted: [Match] = []
    var taken = Array(repeating: false, count: text.count)
    for length in candidates.indices.reversed() {
      let matches = candidates[length].sorted { $0.position < $1.position }
      for match in matches where !taken[match.position] {
        // What is taken is at least as long, so it cannot lie between two free ends.
        if taken[match.position + length - 1] {
          if let token = tree.longest(text[...], at: match.position, limit: length - 1) {
            candidates[vocabulary[token].count].append((match.position, token))
          }
          continue
        }
        accepted.append(match)
        take(match, length, text, &taken)
      }
    }
    return accepted
  }

  /// Marks a token's bytes, and the whitespace that goes with it.
  private func take(_ match: Match, _ length: Int, _ text: [UInt8], _ taken: inout [Bool]) {
    var (start, end) = (match.position, match.position + length)
    if stripping.before.contains(match.token) {
      while start > 0, !taken[start - 1], text[start - 1].isSpace { start -= 1 }
    }
    if stripping.after.contains(match.token) {
      while end < text.count, !taken[end], text[end].isSpace { end += 1 }
    }
    for index in start..<end { taken[index] = true }
  }
}

/// Special tokens that swallow the whitespace beside them, which GGUF files do not tell: llama.cpp
/// knows the models by name.
private struct WhitespaceStripping: Sendable {
  private(set) var before: Set<Int32> = []
  private(set) var after: Set<Int32> = []

  init(_ file: GGUFFile, _ vocabulary: Vocabulary, _ special: [Int32]) throws(GGUFError) {
    let rule = try file.optionalString("tokenizer.ggml.pre") ?? ""
    let architecture = try file.optionalString("general.architecture") ?? ""
    let model = try file.optionalString("general.name")?.lowercased() ?? ""
    if ["jina-v2-de", "jina-v2-es", "jina-v2-code"].contains(where: rule.contains)
      || ["nomic-bert-moe", "jina-bert-v3"].contains(where: architecture.contains)
    {
      before.formUnion([vocabulary.id(of: "<mask>")].compactMap(\.self))
    } else if ["phi-3", "phi3"].contains(where: model.contains) {
      after.formUnion(special)
      after.formUnion([vocabulary.id(of: "</s>")].compactMap(\.self))
      after.subtract(["<unk>", "<s>", "<|endoftext|>"].compactMap { vocabulary.id(of: $0) })
    } else if model.contains("modern-bert") {
      before.formUnion([vocabulary.id(of: "[MASK]")].compactMap(\.self))
    }
  }
}

extension UInt8 {
  /// What C's `isspace` accepts.
  fileprivate var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
