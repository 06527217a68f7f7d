/// Everyday words for synthesised traces.
enum Words {
  static let questions = [
    "How tall is the", "How long is the", "How old is the", "How many people live near the",
    "When was the", "When did they finish the", "In which year was the", "Where is the",
    "Who built the", "Who was the first keeper of the", "What is the name of the",
    "What colour is the", "Why did the council close the", "What happened to the",
    "Which of the villages has the", "How do I repair the", "What does the licence say about the",
  ]
  static let subjects = [
    "lighthouse on the island", "harbour wall", "old railway bridge", "parish church", "library",
    "river at the mill", "market in the town", "school by the station", "mountain path",
    "water pump in the garden", "ferry between the islands", "archive of the society",
    "museum of the university", "forest north of the lake", "power station", "city hall",
  ]
  static let openings = [
    "The records say that the", "According to the survey the", "In the first year the",
    "The keeper wrote that the", "Most people know that the", "Since then the", "After the war the",
  ]
  static let facts = [
    "was built in", "was opened to the public in", "stands at a height of", "has a length of",
    "was closed for repairs in", "cost the council about", "was painted white and red in",
    "has been in use since", "was measured again in", "is open from April to October since",
  ]
  static let names = [
    "Anna", "Jonas Berg", "Harbour Archive", "Walking Club", "City Library", "Local documents",
    "Maria Santos", "Historical Society", "Wei Chen", "Amina Diallo", "Volunteers of the museum",
  ]
  static let documents = [
    "README.md", "history.md", "lighthouse.md", "harbour.md", "notes.txt", "guide.md", "people.md",
    "~/Documents/notes/garden.md", "~/notes/meeting.md", "~/Documents/manual.txt", "docs/index.md",
    "walks/north-path.md", "archive/letters.txt", "articles/buildings.md",
  ]
  static let models = [
    "SmolLM2-135M-Instruct", "SmolLM2-360M-Instruct", "Llama-3.2-1B-Instruct",
    "Qwen2.5-0.5B-Instruct",
  ]
}
