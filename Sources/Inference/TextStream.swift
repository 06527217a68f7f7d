/// Turns token bytes into pieces of text that may be shown at once.
///
/// A character whose bytes are spread over tokens is held back until it is whole, and so is the
/// beginning of a stop text until it is certain that it is none. Bytes that can never become UTF-8
/// are replaced by U+FFFD.
struct TextStream {
  private let stops: [[UInt8]]
  private var pending: [UInt8] = []
  /// A stop text was met; nothing follows.
  private(set) var isStopped = false

  init(stops: [String] = []) {
    self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty }
  }

  /// Takes in the bytes of one token and returns what may be shown now.
  mutating func append(_ bytes: [UInt8]) -> String {
    guard !isStopped else { return "" }
    pending += bytes
    if let stop = firstStop() {
      isStopped = true
      defer { pending.removeAll() }
      return String(decoding: pending[..<stop], as: UTF8.self)
    }
    let held = max(unfinishedCharacterLength(), possibleStopLength())
    return release(pending.count - held)
  }

  /// What was held back, at the end of the text.
  mutating func finish() -> String { release(pending.count) }

  private mutating func release(_ count: Int) -> String {
    defer { pending.removeFirst(count) }
    return String(decoding: pending[..<count], as: UTF8.self)
  }

  private func firstStop() -> Int? {
    pending.indices.first { start in stops.contains { pending[start...].starts(with: $0) } }
  }

  /// The length of the longest end of `pending` with which a stop text begins.
  private func possibleStopLength() -> Int {
    var longest = 0
    for stop in stops {
      var length = min(stop.count - 1, pending.count)
      while length > longest {
        if pending.suffix(length).elementsEqual(stop.prefix(length)) { longest = length }
        length -= 1
      }
    }
    // A cut at a stop's beginning may fall inside a character; then hold the whole character.
    var start = pending.count - longest
    while start > 0, start < pending.count, pending[start] & 0xC0 == 0x80 { start -= 1 }
    return pending.count - start
  }

  /// The length of a character at the end that lacks bytes; 0 when there is none.
  private func unfinishedCharacterLength() -> Int {
    for length in 1...3 where length <= pending.count {
      let byte = pending[pending.count - length]
      if byte & 0xC0 == 0x80 { continue }
      let expected = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      return expected > length ? length : 0
    }
    return 0
  }
}
