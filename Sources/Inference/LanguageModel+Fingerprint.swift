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
    var hash = BitsHash()
    for logits in batch + single { hash.add(logits.values) }
    return hash.text
  }
}
