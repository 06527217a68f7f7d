import Answering
import Attribution
import AttributionMethods

/// An answered question with the value of every coalition of its documents.
struct AnsweredItem {
  let item: PlantedItem
  let answer: Answer
  let partition: Partition
  /// By the coalition's bits.
  let table: [MicroNats]

  init(_ item: PlantedItem, answerer: ReaderAnswerer) throws {
    let answer = try answerer.answer(item.question, sources: item.sources)
    try self.init(item, answer: answer, answerer: answerer)
  }

  init<Maker: Answerer>(_ item: PlantedItem, answer: Answer, answerer: Maker) throws {
    self.item = item
    self.answer = answer
    partition = answer.partition
    let all = Coalition.everyone(partition.documents).subsets
    table = try answerer.scorer(for: answer).values(of: all)
  }

  func value(of coalition: Coalition) -> MicroNats { table[Int(coalition.bits)] }

  func nats(_ coalition: Coalition) -> Double { Double(value(of: coalition)) / 1e6 }

  /// All that a plan looks at, what it asks for after the first values included.
  func coalitions(of plan: AttributionPlan) throws -> [Coalition] {
    try plan.coalitions + plan.further(after: values(of: plan.coalitions))
  }

  func values(of coalitions: [Coalition]) throws -> CoalitionValues {
    try CoalitionValues(coalitions, coalitions.map { value(of: $0) })
  }

  var gain: MicroNats { value(of: partition.everyDocument) - value(of: .nobody) }

  /// The planted document of each of the game's documents.
  var documents: [PlantedItem.Document] {
    answer.documents.map { item.documents[$0.document] }
  }

  /// The planted owner of each of the game's contributors.
  var owners: [Int] { answer.players }

  /// The answer as given contains what the question set expects.
  var isRight: Bool { says(item.answer) }

  func says(_ text: String) -> Bool { answer.text.lowercased().contains(text.lowercased()) }
}

extension PlantedItem {
  /// The documents as an answerer takes them.
  var sources: [Source] { sources(named: Array(documents.indices)) }

  /// The same in the order that `names` gives them in prompts, which follows their references.
  func sources(named names: [Int]) -> [Source] {
    documents.enumerated().map { index, document in
      Source(
        reference: "document \(names[index])", text: document.sentences.joined(separator: " "),
        sentences: document.sentences, player: document.owner, document: index)
    }
  }
}
