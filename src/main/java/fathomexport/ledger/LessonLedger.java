package fathomexport.ledger;

/** What runs have learned about limits of the API that it does not document. */
public interface LessonLedger {

  Learned learned();

  void learn(Learned.Lesson lesson);
}
