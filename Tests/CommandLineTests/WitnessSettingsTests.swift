import TestSupport
import Testing

/// `config set witnesses` and `witnessQuorum`.
@Suite struct WitnessSettingsTests {
  /// Keys of public witnesses.
  static let keys = [
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
  ]

  @Test func aPolicyIsCheckedWhenItIsSet() throws {
    let tool = try Tool()
    func set(_ key: String, _ value: String) throws -> ProcessEnding {
      try tool.tributary("config", "set", key, value)
    }
    func shown(_ key: String) throws -> String {
      let lines = try tool.tributary("config", "list").output.split(separator: "\n")
      return lines.first { $0.hasPrefix(key + " ") }.map(String.init) ?? ""
    }
    #expect(try set("witnessQuorum", "1").status == 64)
    #expect(try set("witnesses", Self.keys.joined(separator: " ")).status == 0)
    #expect(try shown("witnesses").hasSuffix(Self.keys.joined(separator: " ")))
    #expect(try shown("witnessQuorum").hasSuffix(" 2"))
    #expect(try set("witnessQuorum", "3").status == 0)
    #expect(try shown("witnessQuorum").hasSuffix(" 3"))
    for bad in ["0", "4", "x"] { #expect(try set("witnessQuorum", bad).status == 64) }

    // A log's key, a key cut short, and one witness twice are no witnesses.
    let twice = try set("witnesses", Self.keys[0] + " " + Self.keys[0])
    #expect(twice.status == 64)
    #expect(twice.errors.contains("distinct witnesses"))
    let log = try set(
      "witnesses", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    #expect(log.status == 64)
    #expect(log.errors.contains("signature type 0x01"))
    #expect(try set("witnesses", String(Self.keys[0].dropLast())).status == 64)
    #expect(try shown("witnessQuorum").hasSuffix(" 3"))

    // Fewer witnesses than the quorum: a majority of them again.
    #expect(try set("witnesses", Self.keys[0]).status == 0)
    #expect(try shown("witnessQuorum").hasSuffix(" 1"))
    #expect(try set("witnesses", "").status == 0)
    #expect(try shown("witnesses").contains("+") == false)
  }
}
