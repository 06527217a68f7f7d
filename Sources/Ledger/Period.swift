/// A calendar month in UTC, the period of statements: `2026-11`.
package enum Period {
  /// The month of a moment given in seconds since 1970-01-01 UTC.
  package static func containing(_ seconds: Int) -> String {
    // Days to civil date in the proleptic Gregorian calendar, in years that begin in March.
    let days = Int((Double(seconds) / 86_400).rounded(.down)) + 719_468
    let era = (days >= 0 ? days : days - 146_096) / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return digits(year, 4) + "-" + digits(month, 2)
  }

  /// Whether a text is written as a period.
  package static func isValid(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count == 7, bytes[4] == 0x2D, let month = Int(text.suffix(2)) else { return false }
    let isDigits = (bytes[..<4] + bytes[5...]).allSatisfy { (0x30...0x39).contains($0) }
    return isDigits && (1...12).contains(month)
  }

  private static func digits(_ number: Int, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.count)) + text
  }
}
