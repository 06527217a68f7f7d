/// A cache that forgets what was not used for the longest time once it holds too many bytes.
struct LeastRecentlyUsed<Key: Hashable, Value> {
  private struct Entry {
    let value: Value
    let bytes: Int
    var lastUse: UInt64
  }

  let byteLimit: Int
  private(set) var byteCount = 0
  private var entries: [Key: Entry] = [:]
  private var clock: UInt64 = 0

  init(byteLimit: Int) {
    self.byteLimit = byteLimit
  }

  var count: Int { entries.count }

  mutating func value(for key: Key) -> Value? {
    clock += 1
    entries[key]?.lastUse = clock
    return entries[key]?.value
  }

  /// Keeps a value; one that is larger than the limit itself is not kept.
  mutating func insert(_ value: Value, for key: Key, bytes: Int) {
    remove(key)
    guard bytes <= byteLimit else { return }
    while byteCount + bytes > byteLimit {
      // Entries are few (hundreds); uses are distinct, so the order of the dictionary is irrelevant.
      guard let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
      remove(oldest.key)
    }
    clock += 1
    entries[key] = Entry(value: value, bytes: bytes, lastUse: clock)
    byteCount += bytes
  }

  private mutating func remove(_ key: Key) {
    if let entry = entries.removeValue(forKey: key) { byteCount -= entry.bytes }
  }
}
