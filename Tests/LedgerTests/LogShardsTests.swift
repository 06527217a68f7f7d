import Corpus
import Crypto
import LedgerTestSupport
import LedgerWire
import Testing
import TransparencyLog

@testable import Ledger

/// Which log takes which key, and how a ledger's policy says so.
@Suite struct LogShardsTests {
  private func member(_ number: Int) throws -> LogShards.Member {
    let key = try NoteSigner(name: "shard\(number).example/log", key: .init()).verifier
    return try LogShards.Member(text: "https://shard\(number).example=\(key.vkey)")
  }

  private func key(_ first: UInt8) throws -> ContributorKey {
    try #require(ContributorKey(bytes: [first] + [UInt8](repeating: 0x5A, count: 31)))
  }

  @Test func `the first bits of a key choose its log, and every log gets as many keys`() throws {
    let members = try (0..<256).map(member)
    for bits in 0...8 {
      let shards = try LogShards(Array(members.prefix(1 << bits)))
      var counts = [Int](repeating: 0, count: 1 << bits)
      for first in UInt8.min...UInt8.max {
        let digits = String(Int(first) + 256, radix: 2).dropFirst()
        let expected = Int("0" + digits.prefix(bits), radix: 2)
        #expect(shards.index(of: try key(first)) == expected)
        counts[shards.index(of: try key(first))] += 1
      }
      #expect(Set(counts) == [256 >> bits])
    }
  }

  @Test func `the policy names the logs in one line, and is read as it was written`() throws {
    let members = try (0..<4).map(member)
    var terms = PolicyTerms.open
    terms.logShards = try LogShards(members)
    let policy = LedgerPolicy(origin: "shard0.example/log", version: 1, terms: terms)
    let line =
      "log-shards " + members.map { "\($0.url)=\($0.verifier.vkey)" }.joined(separator: " ")
    #expect(policy.text.hasSuffix("\n\(line)\n"))
    #expect(try LedgerPolicy(text: policy.text).terms == terms)
    // Policies of the time before are those of one log.
    #expect(try LedgerPolicy(text: policy.text.replacing(line + "\n", with: "")).terms == .open)
    for (old, new) in [
      (members[1].text, members[0].text), (" " + members[3].text, ""),
      (members[2].url, "ftp://shard2.example"), (members[2].url, members[3].url),
      ("log-shards ", "log-shards  "), (members[0].verifier.vkey, "x"),
    ] {
      #expect(policy.text.contains(old))
      #expect(throws: NoteError.self, "\(new)") {
        try LedgerPolicy(text: policy.text.replacing(old, with: new))
      }
    }
  }

  @Test func `a policy that does not name the log that signed it is refused`() throws {
    let signer = try NoteSigner(name: "shard9.example/log", key: .init())
    var terms = PolicyTerms.open
    terms.logShards = try LogShards([member(0), member(1)])
    let note = try LedgerPolicy(origin: "shard9.example/log", version: 1, terms: terms)
      .sign(by: signer)
    let error = #expect(throws: NoteError.self) {
      try LedgerPolicy.verify(note, by: signer.verifier)
    }
    #expect(error?.field == "policy log-shards")
  }

  @Test(arguments: [
    "", "https://a.example", "=vkey", "ftp://a.example=vkey", "https://=vkey", "http://a b=vkey",
    "https://u@a.example=vkey", "https://a.example?q=vkey", "https://a.example#f=vkey",
    "https://a.example=vkey", "https://ä.example=vkey",
  ]) func `text that is no log is refused`(text: String) throws {
    let vkey = try member(0).verifier.vkey
    let whole = text == "https://a.example=vkey" ? text : text.replacing("vkey", with: vkey)
    #expect(throws: NoteError.self) { try LogShards.Member(text: whole) }
  }

  @Test func `a list is a power of two of different logs`() throws {
    let members = try (0..<3).map(member)
    let twin = try LogShards.Member(
      text: "https://twin.example="
        + NoteSigner(name: members[0].verifier.name, key: .init()).verifier.vkey)
    let moved = try LogShards.Member(text: "https://twin.example/=\(members[0].verifier.vkey)")
    #expect(moved.url == "https://twin.example")
    let place = try LogShards.Member(text: "\(members[0].url)=\(members[1].verifier.vkey)")
    for (list, found) in [
      ([], "0"), (members, "3"), ([members[0], members[0]], "the key"),
      ([members[0], moved], "the key"),
      ([members[0], twin], "the origin"), ([members[0], place], "the address"),
    ] {
      let error = #expect(throws: NoteError.self) { try LogShards(list) }
      #expect(error?.found.hasPrefix(found) == true, "\(error?.description ?? "nothing")")
    }
    #expect(throws: NoteError.self) { try LogShards((0..<512).map(member)) }
  }

  @Test func `lists differ by keys and order, not by addresses`() throws {
    let members = try (0..<2).map(member)
    let list = try LogShards(members)
    let moved = try LogShards([
      members[0], LogShards.Member(text: "http://10.0.0.1:80=\(members[1].verifier.vkey)"),
    ])
    #expect(LogShards.difference(found: moved, expected: list) == nil)
    #expect(LogShards.difference(found: nil, expected: nil) == nil)
    let swapped = try LogShards([members[1], members[0]])
    let difference = LogShards.difference(found: swapped, expected: list)
    #expect(difference?.found == "\(members[1].verifier.vkey) as log shard 0")
    #expect(difference?.expected == members[0].verifier.vkey)
    #expect(LogShards.difference(found: nil, expected: list)?.found == "one log")
    #expect(LogShards.difference(found: list, expected: nil)?.found == "2 log shards")
  }

  @Test func `statements of all logs are summed up, unless their numbers are no log's`() {
    let statement = { (log: String, credits: [StatementMessage.Credit]) in
      StatementMessage(log: log, contributor: "c", name: log, shards: [], credits: credits)
    }
    let total = StatementMessage.total(of: [
      statement("a", [.init(period: "2026-11", answers: 2, sharePPM: 5)]),
      statement("b", []),
      statement(
        "c",
        [
          .init(period: "2026-10", answers: 1, sharePPM: 7),
          .init(period: "2026-11", answers: 3, sharePPM: 11),
        ]),
    ])
    #expect(
      total
        == statement(
          "a",
          [
            .init(period: "2026-10", answers: 1, sharePPM: 7),
            .init(period: "2026-11", answers: 5, sharePPM: 16),
          ]))
    #expect(StatementMessage.total(of: []) == nil)
    var hostile = statement("d", [])
    hostile.credits = [.init(period: "2026-11", answers: .max, sharePPM: 1)]
    #expect(StatementMessage.total(of: [hostile, hostile]) == nil)
    hostile.credits = [.init(period: "2026-11", answers: -1, sharePPM: 1)]
    #expect(StatementMessage.total(of: [hostile]) == nil)
  }
}
