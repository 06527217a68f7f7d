/// Why a model could not be loaded, asked or found.
///
/// A bad field of a model file is a `GGUFError` instead: it names file, field, found and expected.
package enum InferenceError: Error, Sendable, Equatable, CustomStringConvertible {
  case unsupportedArchitecture(file: String, name: String, expected: String)
  /// A request needs the position `needed - 1`, and positions end before `limit`.
  case contextOverflow(needed: Int, limit: Int)
  case tokenOutOfRange(token: Int32, vocabulary: Int)
  /// The request breaks a rule that the message states.
  case invalidRequest(String)
  /// Keys and values lie in a file that somebody shortened; what was computed from them is void.
  case segmentLost
  /// The same for the model's weights: the model has to be loaded again.
  case weightsLost
  case noTokenizer(file: String, reason: String)
  case unsupportedChatTemplate(file: String, beginning: String)
  case modelNotFound(name: String, searched: [String])

  package var description: String {
    switch self {
    case .unsupportedArchitecture(let file, let name, let expected):
      return "\(file): general.architecture: found \"\(name)\", expected \(expected)"
    case .contextOverflow(let needed, let limit):
      return "the text needs \(needed) positions, and the model's context ends at \(limit); "
        + "shorten the prompt or use fewer passages"
    case .tokenOutOfRange(let token, let vocabulary):
      return "token \(token) is not in the vocabulary of \(vocabulary) tokens"
    case .invalidRequest(let rule):
      return rule
    case .segmentLost:
      return "a file of the cache of keys and values shrank while it was used; ask again"
    case .weightsLost:
      return "a file of the cache of weights shrank while it was used; start again"
    case .noTokenizer(let file, let reason):
      return "\(file) has no tokenizer that can be used: \(reason)"
    case .unsupportedChatTemplate(let file, let beginning):
      return "\(file): tokenizer.chat_template: found \"\(beginning)\", expected "
        + "\(ChatTemplate.supported)"
    case .modelNotFound(let name, let searched):
      return "no model \"\(name)\"; looked at \(searched.joined(separator: ", ")). "
        + "Set TRIBUTARY_MODELS to the folder that holds \(name).gguf, or pass a path"
    }
  }
}
