import Corpus
import Testing
import TransparencyLog

@testable import LedgerWire

@Suite struct ProofOfWorkTests {
  /// RFC 7914 section 12, without the last one, which needs a gigabyte.
  @Test(arguments: [
    (
      "", "", 16, 1, 1,
      "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
        + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
    ),
    (
      "password", "NaCl", 1024, 8, 16,
      "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    ),
    (
      "pleaseletmein", "SodiumChloride", 16384, 8, 1,
      "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
    ),
  ]) func `scrypt gives the values of RFC 7914`(
    password: String, salt: String, rounds: Int, blockSize: Int, parallelism: Int, expected: String
  ) throws {
    let result = try ProofOfWork.scrypt(
      password: Array(password.utf8), salt: Array(salt.utf8), rounds: rounds,
      blockSize: blockSize, parallelism: parallelism, count: 64)
    #expect(Hex.encode(result) == expected)
  }

  @Test func `a proof holds for its policy, its log and its key alone`() throws {
    let work = try WorkParameters(memory: 1, bits: 6)
    let terms = PolicyTerms(admission: .work, work: work)
    func policy(_ origin: String, _ version: Int) -> Corpus.Digest {
      LedgerPolicy(origin: origin, version: version, terms: terms).digest
    }
    func agent(_ seed: UInt8) throws -> ContributorKey {
      try ContributorIdentity(name: "a", seed: Array(repeating: seed, count: 32)).publicKey
    }
    func holds(_ nonce: Int, _ policy: Corpus.Digest, _ agent: ContributorKey) throws -> Bool {
      try ProofOfWork.check(nonce: nonce, work: work, policy: policy, agent: agent)
    }
    let own = policy("a.example/log", 1)
    // Another combination is a proof by chance once in 64 times, so one of several keys will do.
    let isBound = try (1...5).contains { (seed: UInt8) in
      let key = try agent(seed)
      let solution = try #require(try ProofOfWork.solve(work: work, policy: own, agent: key))
      #expect(solution.tries == solution.nonce + 1)
      #expect(try holds(solution.nonce, own, key))
      return try !holds(solution.nonce + 1, own, key)
        && !holds(solution.nonce, policy("b.example/log", 1), key)
        && !holds(solution.nonce, policy("a.example/log", 2), key)
        && !holds(solution.nonce, own, agent(seed + 100))
    }
    #expect(isBound)
  }

  @Test func `the number of tries is the one that the bits say, on average`() throws {
    let work = try WorkParameters(memory: 1, bits: 3)
    let policy = Corpus.Digest(sha256: [1])
    let tries = try (1...60).reduce(0) { sum, seed in
      let agent = try ContributorIdentity(name: "a", seed: Array(repeating: UInt8(seed), count: 32))
      let solution = try ProofOfWork.solve(work: work, policy: policy, agent: agent.publicKey)
      return sum + (solution?.tries ?? 0)
    }
    // 60 proofs of 8 tries in the mean; the standard deviation of the sum is 58.
    #expect((480 - 3 * 58...480 + 3 * 58).contains(tries), "\(tries)")
  }

  @Test func `work that is cancelled ends`() throws {
    let work = try WorkParameters(memory: 1, bits: 40)
    var asked = 0
    let solution = try ProofOfWork.solve(
      work: work, policy: Corpus.Digest(sha256: []),
      agent: ContributorIdentity(name: "a").publicKey
    ) {
      asked += 1
      return asked > 3
    }
    #expect(solution == nil)
    #expect(asked == 4)
  }

  @Test func `zero bits are counted from the first byte's highest`() {
    #expect(ProofOfWork.leadingZeroBits([0x80]) == 0)
    #expect(ProofOfWork.leadingZeroBits([0x01, 0xff]) == 7)
    #expect(ProofOfWork.leadingZeroBits([0, 0x40]) == 9)
    #expect(ProofOfWork.leadingZeroBits([0, 0]) == 16)
  }
}
