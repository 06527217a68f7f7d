import Foundation
import LedgerTestSupport
import Testing

@testable import LedgerSync

@Suite struct BackoffTests {
  @Test func `the ceiling doubles up to an hour and waiting never ends`() {
    let backoff = Backoff()
    #expect((1...4).map { backoff.ceiling(failures: $0) } == [2, 4, 8, 16])
    #expect(backoff.ceiling(failures: 12) == 3600)
    #expect(backoff.ceiling(failures: 1_000_000) == 3600)
    #expect(backoff.ceiling(failures: 0) == 2)
  }

  @Test func `the wait is drawn from the whole range below the ceiling`() {
    let backoff = Backoff()
    #expect(backoff.delay(failures: 5) { $0.lowerBound } == 1)
    #expect(backoff.delay(failures: 5) { $0.upperBound } == 32)
  }

  @Test func `retry-after is read in seconds and as a date`() {
    let now = 784_111_777  // Sun, 06 Nov 1994 08:49:37 GMT
    #expect(RetryAfter.seconds("120", now: now) == 120)
    #expect(RetryAfter.seconds(" 0 ", now: now) == 0)
    #expect(RetryAfter.seconds("Sun, 06 Nov 1994 08:50:37 GMT", now: now) == 60)
    #expect(RetryAfter.seconds("Sun, 06 Nov 1994 08:00:00 GMT", now: now) == 0)
    #expect(RetryAfter.seconds("99999999999", now: now) == 86_400)
    for text in ["", "-1", "soon", "1.5", "Sun, 06 Nov 1994", "Sun, 99 Nov 1994 08:50:37 GMT"] {
      #expect(RetryAfter.seconds(text, now: now) == nil)
    }
  }

  @Test func `dates of HTTP are read as the calendar has them`() throws {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(secondsFromGMT: 0)
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    for seconds in stride(from: 0, through: 5_000_000_000, by: 49_999_993) {
      let text = formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
      #expect(HTTPDate.seconds(text) == seconds)
    }
  }
}
