import Corpus
import Foundation
import TransparencyLog

/// The logs of a ledger that keeps several, each for the agents whose keys begin with its number.
///
/// Of 2^b log shards, number i has the keys whose first b bits are i. Log shard 0 also has the
/// registry of documents for everybody, since the earliest of near-duplicates is to be found.
package struct LogShards: Equatable, Sendable {
  /// One of the logs, and where it is.
  package struct Member: Equatable, Sendable {
    /// Without a slash at its end.
    package let url: String
    package let verifier: NoteVerifier

    package var text: String { "\(url)=\(verifier.vkey)" }

    /// Reads `URL=VKEY`.
    package init(text: String) throws(NoteError) {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      var url = String(parts[0])
      while url.hasSuffix("/") { url.removeLast() }
      let address = URLComponents(string: url)
      guard parts.count == 2, text.utf8.count <= LogShards.maximumBytes,
        url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
        let address, ["http", "https"].contains(address.scheme), address.host?.isEmpty == false,
        address.query == nil, address.fragment == nil, address.user == nil
      else {
        throw NoteError(
          field: "log shard", found: "\"\(text.prefix(200))\"",
          expected: "URL=VKEY, such as https://log0.example=NAME+ID+KEY, in at most "
            + "\(LogShards.maximumBytes) bytes")
      }
      self.url = url
      verifier = try NoteVerifier(vkey: String(parts[1]))
    }
  }

  package static let maximumCount = 256
  /// The bytes of one member's text.
  static let maximumBytes = 512

  /// In the order of the prefixes.
  package let members: [Member]

  /// Throws unless the count is a power of two up to 256, and keys, names and addresses differ.
  ///
  /// What an agent signs names the log's origin: under two logs of one name it could be used in both.
  package init(_ members: [Member]) throws(NoteError) {
    guard (1...Self.maximumCount).contains(members.count), members.count.nonzeroBitCount == 1
    else {
      throw NoteError(
        field: "log shards", found: "\(members.count)",
        expected: "a power of two from 1 to \(Self.maximumCount)")
    }
    for (value, name) in [
      (\Member.verifier.vkey, "key"), (\Member.verifier.name, "origin"), (\Member.url, "address"),
    ] {
      var seen: [String: Int] = [:]
      for (number, member) in members.enumerated() {
        guard let first = seen.updateValue(number, forKey: member[keyPath: value]) else { continue }
        throw NoteError(
          field: "log shard \(number)", found: "the \(name) \(member[keyPath: value])",
          expected: "another than log shard \(first) has")
      }
    }
    self.members = members
  }

  package var count: Int { members.count }

  /// The log shard that has the registry of documents.
  package var registry: Member { members[0] }

  /// The number of the log shard that takes what an agent of that key signs.
  package func index(of key: ContributorKey) -> Int {
    Int(key.bytes[0]) >> (8 - count.trailingZeroBitCount)
  }

  package func member(for key: ContributorKey) -> Member { members[index(of: key)] }

  /// The number of the log of that key; nil if it is none of these.
  package func index(of verifier: NoteVerifier) -> Int? {
    members.firstIndex { $0.verifier == verifier }
  }

  /// What differs between two lists besides addresses, which may change; nil for the same logs.
  ///
  /// No list is as good as a list of one log.
  package static func difference(
    found: LogShards?, expected: LogShards?
  ) -> (found: String, expected: String)? {
    guard let found, let expected, found.count == expected.count else {
      let counts = [found, expected].map { shards in
        guard let shards, shards.count > 1 else { return "one log" }
        return "\(shards.count) log shards"
      }
      return counts[0] == counts[1] ? nil : (counts[0], counts[1])
    }
    for number in 0..<found.count
    where found.members[number].verifier != expected.members[number].verifier {
      return (
        "\(found.members[number].verifier.vkey) as log shard \(number)",
        expected.members[number].verifier.vkey
      )
    }
    return nil
  }
}

/// The line of a policy.
extension LogShards {
  private static let name = "log-shards"

  var line: String { "\(Self.name) \(members.map(\.text).joined(separator: " "))" }

  /// Reads the line; the policy of a ledger of one log has none.
  static func read(_ reader: TermReader) throws(NoteError) -> LogShards? {
    let texts = reader.list(name)
    guard !texts.isEmpty else { return nil }
    var members: [Member] = []
    for text in texts { members.append(try Member(text: text)) }
    return try LogShards(members)
  }
}
