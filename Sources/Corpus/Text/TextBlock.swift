/// A block of a plain-text or Markdown document: no sentence crosses its borders.
struct TextBlock: Equatable {
  enum Kind: Equatable {
    case paragraph
    case heading(level: Int)
    case listItem
    /// One line of front matter or one row of a table.
    case row
    case code
  }

  var kind: Kind
  /// The bytes with their marker: `- `, `## `, `> `, the lines of a code fence.
  var outer: Range<Int>
  /// The bytes without it.
  var content: Range<Int>
}
