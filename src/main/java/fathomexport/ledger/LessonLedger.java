package fathomexport.ledger;

/** The undocumented limits of the API that runs have learned. */
public interface LessonLedger {

  Learned learned();

  void learn(Learned.Lesson lesson);
}
