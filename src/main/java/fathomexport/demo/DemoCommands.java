package fathomexport.demo;

import fathomexport.cli.command.Context;
import java.util.List;

/** The commands that need no account. */
public final class DemoCommands {
  private DemoCommands() {}

  public static List<Object> all(Context context) {
    return List.of(new Demo(context), new Simulate(context));
  }
}
