/// Ways of saying what a text says without its being the same text.
package enum Disguise {
  /// Replaces words by others of much the same meaning, but never inside `kept`.
  ///
  /// The table is small and knows no grammar: what it makes is meant to be retrieved and read by a
  /// machine, not to please a person.
  package static func synonyms(_ text: String, keeping kept: String = "") -> String {
    outside(kept, of: text) { part in
      mapWords(of: part) { word in
        guard let synonym = table[word.lowercased()] else { return word }
        let isCapital = word.first?.isUppercase ?? false
        return isCapital ? synonym.prefix(1).uppercased() + synonym.dropFirst() : synonym
      }
    }
  }

  /// Inserts a word that says nothing after every fourth, so that no five words stay together.
  package static func fillers(_ text: String, keeping kept: String = "") -> String {
    var count = 0
    return outside(kept, of: text) { part in
      part.split(separator: " ", omittingEmptySubsequences: false).map { word in
        count += word.isEmpty ? 0 : 1
        return !word.isEmpty && count.isMultiple(of: 4) ? word + " indeed" : String(word)
      }.joined(separator: " ")
    }
  }

  /// The same sentences in another order: those at odd places first.
  package static func reordered(_ sentences: [String]) -> [String] {
    sentences.indices.filter { !$0.isMultiple(of: 2) }.map { sentences[$0] }
      + sentences.indices.filter { $0.isMultiple(of: 2) }.map { sentences[$0] }
  }

  /// Applies `change` to what is before and after the first occurrence of `kept`.
  private static func outside(
    _ kept: String, of text: String, _ change: (String) -> String
  ) -> String {
    guard !kept.isEmpty, let range = text.firstRange(of: kept) else { return change(text) }
    return change(String(text[..<range.lowerBound])) + kept
      + change(String(text[range.upperBound...]))
  }

  private static func mapWords(of text: String, _ change: (String) -> String) -> String {
    var result = ""
    var word = ""
    for character in text {
      if character.isLetter {
        word.append(character)
      } else {
        if !word.isEmpty { result += change(word) }
        word = ""
        result.append(character)
      }
    }
    return result + (word.isEmpty ? "" : change(word))
  }

  private static let table: [String: String] = [
    "about": "regarding", "after": "following", "allowed": "permitted", "also": "additionally",
    "although": "though", "approximately": "roughly", "area": "zone", "around": "near",
    "became": "turned", "because": "since", "been": "stood", "before": "prior to",
    "began": "started",
    "beginning": "start", "between": "amid", "big": "large", "built": "constructed", "but": "yet",
    "by": "via", "called": "named", "caused": "provoked", "city": "town", "commonly": "often",
    "considered": "regarded", "countries": "nations", "country": "nation", "created": "made",
    "despite": "notwithstanding", "developed": "evolved", "different": "various", "during": "amid",
    "each": "every", "early": "initial", "ended": "finished", "entire": "whole",
    "established": "founded", "example": "instance", "famous": "renowned", "few": "scarce",
    "first": "earliest", "formed": "shaped", "found": "discovered", "founded": "established",
    "from": "out of", "gave": "granted", "given": "granted", "government": "administration",
    "group": "band", "had": "held", "has": "holds", "have": "hold", "help": "aid",
    "high": "elevated",
    "however": "nevertheless", "important": "significant", "in": "within",
    "including": "among them",
    "increase": "growth", "increased": "grew", "into": "inside", "is": "remains",
    "its": "that one's",
    "known": "recognised", "large": "big", "largest": "biggest", "later": "afterwards",
    "led": "headed", "like": "such as", "located": "situated", "long": "lengthy",
    "made": "produced",
    "main": "chief", "major": "leading", "many": "numerous", "members": "participants",
    "modern": "contemporary", "more": "further", "most": "the majority of", "much": "plenty",
    "nearly": "almost", "new": "novel", "number": "count", "often": "frequently", "old": "ancient",
    "on": "upon", "only": "merely", "or": "or else", "original": "initial", "other": "further",
    "over": "above", "part": "portion", "people": "persons", "period": "era", "place": "spot",
    "popular": "favoured", "power": "might", "produced": "made", "provide": "supply",
    "received": "obtained", "result": "outcome", "said": "stated", "several": "multiple",
    "show": "display", "similar": "alike", "small": "little",
    "some": "certain", "started": "began", "such": "of that kind", "that": "which", "the": "this",
    "there": "in that place", "these": "those", "they": "those ones", "though": "although",
    "through": "by way of", "time": "moment", "to": "towards", "took": "seized", "type": "kind",
    "under": "beneath", "use": "employ", "used": "employed", "usually": "mostly",
    "various": "diverse",
    "very": "quite", "was": "stood as", "well": "properly", "were": "stood as", "when": "as",
    "where": "in which", "which": "that", "while": "whereas", "who": "that", "with": "having",
    "within": "inside", "without": "lacking", "work": "labour", "world": "globe", "would": "might",
    "years": "twelvemonths",
  ]
}
