import Foundation
import Testing

@testable import Ledger

@Suite struct PeriodTests {
  @Test func `the month of a moment is the calendar's in UTC`() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
    for seconds in stride(from: 0, through: 8_000_000_000, by: 9_999_991) {
      let parts = calendar.dateComponents(
        [.year, .month], from: Date(timeIntervalSince1970: TimeInterval(seconds)))
      let (year, month) = (try #require(parts.year), try #require(parts.month))
      #expect(Period.containing(seconds) == String(format: "%04d-%02d", year, month))
    }
  }

  @Test(arguments: [
    (951_782_399, "2000-02"), (951_868_799, "2000-02"), (951_868_800, "2000-03"),
    (1_767_225_599, "2025-12"), (1_767_225_600, "2026-01"), (0, "1970-01"), (-1, "1969-12"),
  ]) func `months change at midnight`(seconds: Int, period: String) {
    #expect(Period.containing(seconds) == period)
  }

  @Test func `only a year and a month of the calendar are a period`() {
    #expect(Period.isValid("2026-11"))
    for text in ["", "2026", "2026-13", "2026-00", "2026-1", "+026-11", "2026-+1", "2026/11"] {
      #expect(!Period.isValid(text))
    }
  }
}
