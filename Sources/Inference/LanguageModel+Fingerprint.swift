extension LanguageModel {
  /// A hash of the logits over fixed tokens: equal for two machines that compute the same bits.
  ///
  /// It covers prefill in one batch, decoding by single tokens, and a request that attends to a
  /// shared segment. FNV-1a, 64 bits, over the bit patterns of all logits, as 16 hex digits. It
  /// identifies arithmetic, not contents: use a SHA-256 of the file to identify a model.
  package func fingerprint() throws -> String {
    let length = min(24, configuration.contextLength / 2)
    let tokens = (0..<max(length, 2)).map {
      Int32(($0 * 7919 + 13) % configuration.vocabulary)
    }
    let passage = makeSegment()
    let tail = makeSegment(startPosition: tokens.count / 2)
    let batch = try forward([ForwardRequest(tokens: tokens, segment: passage, outputs: .all)])
    let single = try forward([
      ForwardRequest(tokens: [tokens[0]], segment: tail, attending: [passage])
    ])
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for logits in batch + single {
      for value in logits.values { hash = Self.hashed(hash, value.bitPattern) }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func hashed(_ hash: UInt64, _ word: UInt32) -> UInt64 {
    var hash = hash
    for shift in stride(from: 0, to: 32, by: 8) {
      hash = (hash ^ UInt64((word >> UInt32(shift)) & 0xFF)) &* 0x100_0000_01B3
    }
    return hash
  }
}
