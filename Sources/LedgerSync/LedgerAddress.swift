import Corpus
import Foundation

/// The address of a ledger: `http` or `https`, a host, perhaps a port and a path.
enum LedgerAddress {
  static func normalize(_ text: String) throws -> String {
    guard let url = URLComponents(string: text), url.scheme == "http" || url.scheme == "https",
      let host = url.host, !host.isEmpty, url.query == nil, url.fragment == nil, url.user == nil
    else {
      throw CorpusError(
        "ledger", field: "URL", found: "\"\(text.prefix(200))\"",
        expected: "an address such as https://ledger.example")
    }
    var normal = text
    while normal.hasSuffix("/") { normal.removeLast() }
    return normal
  }
}
