import java.time.Duration;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The application of takeover-app.ts on the JVM: an aggregate, windowed counts, counts behind a repartition, tables that are joined, a table that is
 * grouped anew, and streams that are joined. Arguments: bootstrap servers, application id, state directory.
 */
public final class Takeover {
  private Takeover() {}

  public static void main(String[] args) throws Exception {
    Owner.run(topology(args[1]), args[0], args[1], args[2]);
  }

  private static Topology topology(String application) {
    StreamsBuilder builder = new StreamsBuilder();
    KStream<String, String> numbers = builder.stream(application + "-numbers", Consumed.with(Serdes.String(), Serdes.String()));
    KTable<String, String> digests = numbers
        .groupByKey(Grouped.with(Serdes.String(), Serdes.String()))
        .aggregate(
            () -> "0:0",
            (key, value, digest) -> {
              String[] parts = digest.split(":");
              long hash = (Long.parseLong(parts[1]) * 31 + Long.parseLong(value)) % 1_000_003;
              return (Long.parseLong(parts[0]) + 1) + ":" + hash;
            },
            Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as("digests").withKeySerde(Serdes.String()).withValueSerde(Serdes.String()));
    digests.toStream().to(application + "-digests", Produced.with(Serdes.String(), Serdes.String()));
    numbers
        .groupByKey(Grouped.with(Serdes.String(), Serdes.String()))
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofSeconds(10), Duration.ofSeconds(2)))
        .count(Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("windows").withKeySerde(Serdes.String()))
        .toStream()
        .map((window, count) -> KeyValue.pair(window.key() + "@" + window.window().start(), count))
        .to(application + "-windows", Produced.with(Serdes.String(), Serdes.Long()));
    numbers
        .groupBy((key, value) -> value.substring(value.length() - 1), Grouped.with("digits", Serdes.String(), Serdes.String()))
        .count(Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("digits").withKeySerde(Serdes.String()))
        .toStream()
        .to(application + "-digits", Produced.with(Serdes.String(), Serdes.Long()));
    KTable<String, String> latest = numbers.toTable(
        Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as("latest").withKeySerde(Serdes.String()).withValueSerde(Serdes.String()));
    latest
        .join(digests, (value, digest) -> value + "/" + digest)
        .toStream()
        .to(application + "-joined", Produced.with(Serdes.String(), Serdes.String()));
    latest
        .groupBy((key, value) -> KeyValue.pair(value.substring(value.length() - 1), value), Grouped.with("sums", Serdes.String(), Serdes.String()))
        .aggregate(
            () -> 0L,
            (digit, value, sum) -> sum + Long.parseLong(value),
            (digit, value, sum) -> sum - Long.parseLong(value),
            Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("sums").withKeySerde(Serdes.String()).withValueSerde(Serdes.Long()))
        .toStream()
        .to(application + "-sums", Produced.with(Serdes.String(), Serdes.Long()));
    numbers
        .join(
            numbers.filter((key, value) -> Long.parseLong(value) % 2 == 0),
            (left, right) -> left + "/" + right,
            JoinWindows.ofTimeDifferenceAndGrace(Duration.ofSeconds(2), Duration.ofHours(1)),
            StreamJoined.with(Serdes.String(), Serdes.String(), Serdes.String()).withStoreName("pairs"))
        .to(application + "-pairs", Produced.with(Serdes.String(), Serdes.String()));
    return builder.build();
  }
}
