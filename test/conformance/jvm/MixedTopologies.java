import java.util.LinkedHashMap;
import java.util.Map;

/** Topologies that put many operators together, by id. */
final class MixedTopologies {
  static final Map<String, Kit.Case> ALL = new LinkedHashMap<>();

  static {
    MixedTables.addTo(ALL);
    MixedStreams.addTo(ALL);
    MixedProcessors.addTo(ALL);
  }

  private MixedTopologies() {}
}
