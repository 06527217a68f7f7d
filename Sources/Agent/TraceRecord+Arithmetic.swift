import Attribution
import Trace

extension TraceRecord {
  /// Whether every share follows from the coalition table; no model is needed for it.
  package func arithmeticProblems() throws -> [String] {
    let influence = try influence()
    var problems: [String] = []
    func compare(_ field: String, _ found: some Equatable, _ expected: some Equatable) {
      let (found, expected) = ("\(found)", "\(expected)")
      if found != expected {
        problems.append("\(field): found \(found), expected \(expected) from the coalition table")
      }
    }
    let shares = influence.shares(isRefusal: isRefusal)
    compare("own knowledge", ownKnowledgePPM, shares.ownKnowledgePPM)
    compare("players", players.count, shares.ppm.count)
    for (index, player) in players.enumerated() where index < shares.ppm.count {
      compare("\(player.name): share", player.sharePPM, shares.ppm[index])
      compare(
        "\(player.name): influence", player.influenceMicroNats,
        influence.contributors[index].shapley)
      let members = memberPlayers
      let own = members.indices.filter { members[$0] == index }
      let split = InformationShares.split(
        ppm: shares.ppm[index], over: own.map { influence.documents[$0].owen })
      let found = documentShares.map(\.sharePPM) + adapters.map(\.sharePPM)
      compare("\(player.name): documents", own.map { found[$0] }, split)
    }
    return problems
  }

  /// Whether a reader said that no sentence answers: it scored labels and quotes none.
  private var isRefusal: Bool { !labelScores.isEmpty && citations.isEmpty }
}
