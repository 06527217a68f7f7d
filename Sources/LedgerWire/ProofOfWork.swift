import Corpus
import CryptoExtras
import Foundation
import TransparencyLog

/// The cost of a proof of work: scrypt (RFC 7914) with r = 8 and p = 1, tried until a result
/// begins with enough zero bits.
package struct WorkParameters: Equatable, Sendable, CustomStringConvertible {
  /// The memory of one try in MiB, a power of two; scrypt's N is 1024 times as large.
  package let memory: Int
  /// 2^bits tries are needed in the mean.
  package let bits: Int

  /// What policies may ask for at all; agents and ledgers have lower limits of their own.
  package static let memoryRange = 1...4096
  package static let bitsRange = 0...40

  package init(memory: Int, bits: Int) throws(NoteError) {
    guard Self.memoryRange.contains(memory), memory & (memory - 1) == 0 else {
      throw NoteError(
        field: "work memory", found: "\(memory) MiB",
        expected: "a power of two from 1 to \(Self.memoryRange.upperBound) MiB")
    }
    guard Self.bitsRange.contains(bits) else {
      throw NoteError(
        field: "work bits", found: "\(bits)", expected: "0 to \(Self.bitsRange.upperBound)")
    }
    self.memory = memory
    self.bits = bits
  }

  private init(uncheckedMemory memory: Int, bits: Int) {
    self.memory = memory
    self.bits = bits
  }

  /// Eight tries of 32 MiB: under a second on one core.
  package static let standard = WorkParameters(uncheckedMemory: 32, bits: 3)

  /// scrypt's cost parameter N; one try takes 1024 N bytes.
  var rounds: Int { memory << 10 }

  /// As policies have it: `scrypt N=32768 r=8 p=1 bits=3`.
  package var description: String { "scrypt N=\(rounds) r=8 p=1 bits=\(bits)" }

  /// Reads exactly what ``description`` writes.
  init(text: some StringProtocol) throws(NoteError) {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    let expected = NoteError(
      field: "policy work", found: "\"\(text.prefix(80))\"",
      expected: "scrypt N=1024 times a power of two, r=8 p=1 bits=NUMBER")
    guard parts.count == 5, parts[1].hasPrefix("N="), parts[4].hasPrefix("bits="),
      let rounds = Int(parts[1].dropFirst(2)), let bits = Int(parts[4].dropFirst(5)),
      rounds % 1024 == 0
    else { throw expected }
    try self.init(memory: rounds >> 10, bits: bits)
    guard text == description else { throw expected }
  }
}

/// A proof of work is a number for which scrypt gives a small result.
///
/// scrypt's salt is made of the policy, which names the log, and of the agent's key: what was
/// computed for another log, other terms or another key is worth nothing.
package enum ProofOfWork {
  private static let domain = Array("tributary-work/v1\n".utf8)

  /// Whether the nonce is a proof; one evaluation of scrypt, of `work.memory` MiB.
  package static func check(
    nonce: Int, work: WorkParameters, policy: Corpus.Digest, agent: ContributorKey
  ) throws -> Bool {
    try isProof(nonce: nonce, work: work, salt: salt(policy, agent))
  }

  /// The first proof and the number of tries, in the mean 2^bits; nil when it was cancelled.
  ///
  /// This takes seconds to minutes of one core: call it outside of Swift's own threads.
  package static func solve(
    work: WorkParameters, policy: Corpus.Digest, agent: ContributorKey,
    isCancelled: () -> Bool = { false }
  ) throws -> (nonce: Int, tries: Int)? {
    let salt = salt(policy, agent)
    var nonce = 0
    while !isCancelled() {
      if try isProof(nonce: nonce, work: work, salt: salt) { return (nonce, nonce + 1) }
      nonce += 1
    }
    return nil
  }

  private static func salt(_ policy: Corpus.Digest, _ agent: ContributorKey) -> [UInt8] {
    Corpus.Digest(sha256: domain + policy.bytes + agent.bytes).bytes
  }

  private static func isProof(nonce: Int, work: WorkParameters, salt: [UInt8]) throws -> Bool {
    let password = (0..<8).map { UInt8(truncatingIfNeeded: nonce >> (56 - 8 * $0)) }
    let result = try scrypt(
      password: password, salt: salt, rounds: work.rounds, blockSize: 8, parallelism: 1,
      count: 32)
    return leadingZeroBits(result) >= work.bits
  }

  /// scrypt of RFC 7914.
  static func scrypt(
    password: [UInt8], salt: [UInt8], rounds: Int, blockSize: Int, parallelism: Int, count: Int
  ) throws -> [UInt8] {
    try KDF.Scrypt.deriveKey(
      from: password, salt: salt, outputByteCount: count, rounds: rounds, blockSize: blockSize,
      parallelism: parallelism
    ).withUnsafeBytes { Array($0) }
  }

  static func leadingZeroBits(_ bytes: [UInt8]) -> Int {
    let zeros = bytes.prefix { $0 == 0 }.count
    guard zeros < bytes.count else { return 8 * zeros }
    return 8 * zeros + bytes[zeros].leadingZeroBitCount
  }
}
