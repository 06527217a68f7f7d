/// What verification of a shard file found.
package enum ShardVerdict: Equatable, Sendable {
  case valid(ShardManifest)
  case invalid([ShardProblem])

  package var problems: [ShardProblem] {
    switch self {
    case .valid: []
    case .invalid(let problems): problems
    }
  }
}

/// One thing that is wrong with a shard file.
package enum ShardProblem: Error, Equatable, Sendable, CustomStringConvertible {
  case unreadable(String)
  case tooLarge(what: String, found: Int, maximum: Int)
  case badMagic
  case truncated(at: Int, expected: Int)
  case trailingBytes(at: Int, count: Int)
  case malformedManifest(String)
  case badSignature
  case wrongKey(found: ContributorKey, expected: ContributorKey)
  case badPath(path: String, reason: String)
  case duplicatePath(String)
  case unsortedPath(String)
  case frameMismatch(path: String)
  case frameUnreadable(path: String, reason: String)
  case hashMismatch(path: String)
  case sizeMismatch(path: String, found: Int, expected: Int)
  case notUTF8(path: String)
  case misplacedFrame(path: String, found: Int, expected: Int)
  case adapterMismatch(name: String)
  case badAdapter(name: String, reason: String)

  /// Whether the shard is not by the key that it names (exit code 77 rather than 65).
  package var concernsSignature: Bool {
    switch self {
    case .badSignature, .wrongKey: true
    default: false
    }
  }

  package var description: String {
    switch self {
    case .unreadable(let reason): reason
    case .tooLarge(let what, let found, let maximum):
      "\(what): found \(found), expected at most \(maximum)"
    case .badMagic: "header: this is not a Tributary shard"
    case .truncated(let offset, let expected):
      "truncated: the file ends at byte \(offset), expected \(expected) bytes"
    case .trailingBytes(let offset, let count):
      "\(count) bytes too many from byte \(offset) on"
    case .malformedManifest(let reason): "manifest: \(reason)"
    case .badSignature: "signature: it does not match the manifest"
    case .wrongKey(let found, let expected):
      "signature: made by key \(found), expected \(expected)"
    case .badPath(let path, let reason): "document \(quoted(path)): the path has \(reason)"
    case .duplicatePath(let path): "document \(quoted(path)): the path occurs twice"
    case .unsortedPath(let path): "document \(quoted(path)): the path is out of order"
    case .frameMismatch(let path): "document \(quoted(path)): its frame's hash differs"
    case .frameUnreadable(let path, let reason): "document \(quoted(path)): \(reason)"
    case .hashMismatch(let path): "document \(quoted(path)): its text's hash differs"
    case .sizeMismatch(let path, let found, let expected):
      "document \(quoted(path)): found \(found) bytes of text, expected \(expected)"
    case .notUTF8(let path): "document \(quoted(path)): the text is not UTF-8"
    case .misplacedFrame(let path, let found, let expected):
      "document \(quoted(path)): its frame starts at \(found), expected \(expected)"
    case .adapterMismatch(let name): "adapter \(quoted(name)): its hash differs"
    case .badAdapter(let name, let reason): "adapter \(quoted(name)): \(reason)"
    }
  }

  /// Paths are quoted because those that are refused may hold terminal control characters.
  private func quoted(_ path: String) -> String { path.debugDescription }
}

/// The error of an installation that verification refused.
package struct ShardRefusal: Error, Equatable, Sendable, CustomStringConvertible {
  package let path: String
  package let problems: [ShardProblem]

  package init(path: String, problems: [ShardProblem]) {
    self.path = path
    self.problems = problems
  }

  package var concernsSignature: Bool { problems.contains(where: \.concernsSignature) }
  package var description: String {
    "\(path): refused\n" + problems.map { "  \($0)" }.joined(separator: "\n")
  }
}
