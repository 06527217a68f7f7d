import Testing

@testable import Answering

@Suite struct LeastRecentlyUsedTests {
  @Test func `what was not used for the longest time goes first`() {
    var cache = LeastRecentlyUsed<String, Int>(byteLimit: 10)
    cache.insert(1, for: "a", bytes: 4)
    cache.insert(2, for: "b", bytes: 4)
    #expect(cache.value(for: "a") == 1)
    cache.insert(3, for: "c", bytes: 4)
    #expect(cache.value(for: "b") == nil)
    #expect(cache.value(for: "a") == 1)
    #expect(cache.value(for: "c") == 3)
    #expect(cache.byteCount == 8)
  }

  @Test func `a value larger than the limit is not kept and evicts nothing`() {
    var cache = LeastRecentlyUsed<String, Int>(byteLimit: 10)
    cache.insert(1, for: "a", bytes: 10)
    cache.insert(2, for: "b", bytes: 11)
    #expect(cache.value(for: "a") == 1)
    #expect(cache.count == 1)
  }

  @Test func `inserting again replaces the value and its bytes`() {
    var cache = LeastRecentlyUsed<String, Int>(byteLimit: 10)
    cache.insert(1, for: "a", bytes: 6)
    cache.insert(2, for: "a", bytes: 3)
    #expect(cache.value(for: "a") == 2)
    #expect(cache.byteCount == 3)
  }
}
