/// How long to wait after failures: full jitter over an exponentially growing time, without end.
///
/// Full jitter keeps many agents from coming back at the same moment after an outage.
package struct Backoff: Equatable, Sendable {
  /// Seconds.
  package var base: Int
  package var maximum: Int

  package init(base: Int = 2, maximum: Int = 3600) {
    self.base = base
    self.maximum = maximum
  }

  /// The longest wait after that many failures in a row.
  package func ceiling(failures: Int) -> Int {
    let doublings = min(max(failures - 1, 0), 30)
    return min(maximum, base << doublings)
  }

  /// A wait from 1 second to the ceiling; `random` gives a number in its range.
  package func delay(failures: Int, random: (ClosedRange<Int>) -> Int) -> Int {
    random(1...max(1, ceiling(failures: failures)))
  }
}

/// The `Retry-After` header of HTTP (RFC 9110 section 10.2.3): seconds, or a date.
enum RetryAfter {
  /// A longer wait is cut to a day, so that one bad answer does not silence an agent for good.
  static let maximum = 86_400

  /// Seconds to wait from `now`; nil for text that is neither.
  static func seconds(_ text: String, now: Int) -> Int? {
    let text = String(text.trimmingSpaces)
    if let seconds = Int(text), seconds >= 0 { return min(seconds, maximum) }
    guard let date = HTTPDate.seconds(text) else { return nil }
    return min(max(0, date - now), maximum)
  }
}

/// The preferred date format of HTTP: `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  static func seconds(_ text: String) -> Int? {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT",
      let day = Int(parts[1]), (1...31).contains(day),
      let month = months.firstIndex(where: { $0 == parts[2] }),
      let year = Int(parts[3]), (1970...9999).contains(year)
    else { return nil }
    let time = parts[4].split(separator: ":").map { Int($0) ?? -1 }
    guard time.count == 3, (0...23).contains(time[0]), (0...59).contains(time[1]),
      (0...60).contains(time[2])
    else { return nil }
    return days(year, month + 1, day) * 86_400 + time[0] * 3600 + time[1] * 60 + time[2]
  }

  /// Days since 1970-01-01, in years that begin in March.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
  }
}

extension String {
  fileprivate var trimmingSpaces: Substring {
    let head = drop { $0 == " " || $0 == "\t" }
    guard let end = head.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
    return head[...end]
  }
}
