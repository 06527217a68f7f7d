import Inference

/// A retrieved chunk that an answer may draw on, best first in a list of them.
package struct Source: Sendable, Equatable {
  /// An opaque name that is the same wherever the same chunk is used; it breaks ties between equal
  /// texts, so that nothing depends on the order of a list.
  package let reference: String
  package let text: String
  /// The text in sentences, as they may be quoted.
  package let sentences: [String]
  /// The contributor.
  package let player: Int
  package let document: Int
  /// Sentences, as indices, that the reader does not see; a chat model sees the whole text.
  package var unread: Set<Int>

  /// Whether the reader sees nothing of it.
  package var isUnread: Bool { unread.count == sentences.count }

  package init(
    reference: String, text: String, sentences: [String], player: Int, document: Int,
    unread: Set<Int> = []
  ) {
    self.reference = reference
    self.text = text
    self.sentences = sentences
    self.player = player
    self.document = document
    self.unread = unread
  }
}

/// A change of the model that a contributor's shard carries.
package struct SourceAdapter: Sendable, Equatable {
  /// The contributor, as in `Source.player`.
  package let player: Int
  package let weights: LoRAAdapter

  package init(player: Int, weights: LoRAAdapter) {
    self.player = player
    self.weights = weights
  }

  package static func == (a: SourceAdapter, b: SourceAdapter) -> Bool {
    a.player == b.player && a.weights === b.weights
  }
}

/// How sources share the model's context; DESIGN.md says what each mode means.
package enum ContextMode: String, Codable, Sendable, CaseIterable {
  /// Sources do not see each other; removing one drops its KV segment.
  case independent
  /// One ordinary prompt; removing a source renders the prompt again.
  case joint
}
