import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The application of takeover-stores-app.ts on the JVM: each kind of store, format of a changelog and internal topic once. Arguments: bootstrap servers,
 * application id, state directory, what the names of its inputs begin with.
 */
public final class TakeoverStores {
  private static final Serde<String> TEXT = Serdes.String();
  private static final Duration GRACE = Duration.ofMillis(1_200);
  private static final TimeWindows SECOND = TimeWindows.ofSizeAndGrace(Duration.ofSeconds(1), GRACE);
  private static final SessionWindows SESSION = SessionWindows.ofInactivityGapAndGrace(Duration.ofMillis(400), GRACE);

  private TakeoverStores() {}

  public static void main(String[] args) throws Exception {
    Owner.run(topology(args[1], args[3]), args[0], args[1], args[2]);
  }

  private static Topology topology(String application, String inputs) {
    StreamsBuilder builder = new StreamsBuilder();
    KStream<String, String> numbers = builder.stream(inputs + "-numbers", Consumed.with(TEXT, TEXT));
    KTable<String, String> people = builder.table(inputs + "-people", Consumed.with(TEXT, TEXT), as("people"));
    KTable<String, String> names = builder.table(inputs + "-names", Consumed.with(TEXT, TEXT));
    streamJoins(numbers, application);
    foreignKeys(people, names, application);
    windows(numbers, application);
    others(numbers, application);
    withHeaders(numbers, application);
    return builder.build();
  }

  private static void streamJoins(KStream<String, String> numbers, String application) {
    KStream<String, String> evens = numbers.filter((key, value) -> Long.parseLong(value) % 2 == 0);
    KStream<String, String> odds = numbers.filter((key, value) -> Long.parseLong(value) % 2 == 1);
    JoinWindows near = JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(300), GRACE);
    to(odds.leftJoin(evens, TakeoverStores::pair, near, StreamJoined.with(TEXT, TEXT, TEXT)), application, "left");
    to(odds.outerJoin(evens, TakeoverStores::pair, near, StreamJoined.with(TEXT, TEXT, TEXT).withStoreName("outer")), application, "outer");
    KTable<String, String> history = numbers.toTable(
        Materialized.<String, String>as(Stores.persistentVersionedKeyValueStore("history", Duration.ofMinutes(1))).withKeySerde(TEXT).withValueSerde(TEXT));
    to(odds.leftJoin(history, TakeoverStores::pair, Joined.with(TEXT, TEXT, TEXT, "patient", Duration.ofMillis(1_100))), application, "patient");
  }

  private static void foreignKeys(KTable<String, String> people, KTable<String, String> names, String application) {
    to(people.join(names, TakeoverStores::lastDigit, TakeoverStores::pair).toStream(), application, "inner-names");
    to(
        people.leftJoin(names, value -> value.endsWith("0") ? null : lastDigit(value), TakeoverStores::pair, as("left-names")).toStream(),
        application,
        "left-names");
    to(
        people.groupBy((key, value) -> KeyValue.pair(lastDigit(value), key), Grouped.with(TEXT, TEXT))
            .aggregate(() -> "0", (digit, key, n) -> plus(n, 1), (digit, key, n) -> plus(n, -1), Materialized.with(TEXT, TEXT))
            .toStream(),
        application,
        "regrouped");
  }

  private static void windows(KStream<String, String> numbers, String application) {
    KGroupedStream<String, String> grouped = numbers.groupByKey(Grouped.with(TEXT, TEXT));
    KTable<Windowed<String>, Long> counts = grouped.windowedBy(SECOND).count(Materialized.with(TEXT, Serdes.Long()));
    toTexts(counts.suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded())), application, "finals");
    toTexts(grouped.windowedBy(SESSION).count(Materialized.with(TEXT, Serdes.Long())), application, "sessions");
    toTexts(
        grouped.windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(500), GRACE)).count(Materialized.with(TEXT, Serdes.Long())),
        application,
        "sliding");
    toTexts(
        grouped.windowedBy(SECOND.advanceBy(Duration.ofMillis(300))).count(Materialized.with(TEXT, Serdes.Long())),
        application,
        "hopping");
    toTexts(
        grouped.windowedBy(SECOND).emitStrategy(EmitStrategy.onWindowClose()).count(
            Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("closed").withKeySerde(TEXT).withRetention(Duration.ofHours(1))),
        application,
        "closed");
    toTexts(
        grouped.windowedBy(SESSION).emitStrategy(EmitStrategy.onWindowClose()).count(
            Materialized.<String, Long, SessionStore<Bytes, byte[]>>as("closed-sessions").withKeySerde(TEXT).withRetention(Duration.ofHours(1))),
        application,
        "closed-sessions");
  }

  private static void others(KStream<String, String> numbers, String application) {
    KGroupedStream<String, String> evens = numbers.filter((key, value) -> Long.parseLong(value) % 2 == 0).groupByKey(Grouped.with(TEXT, TEXT));
    KGroupedStream<String, String> odds = numbers.filter((key, value) -> Long.parseLong(value) % 2 == 1).groupByKey(Grouped.with(TEXT, TEXT));
    Aggregator<String, String, String> add = (key, value, sum) -> String.valueOf(Long.parseLong(sum) * 3 % 10_007 + Long.parseLong(value));
    Aggregator<String, String, String> subtract = (key, value, sum) -> String.valueOf(Long.parseLong(sum) * 7 % 10_007 - Long.parseLong(value));
    KTable<String, String> sums = evens.cogroup(add).cogroup(odds, subtract).aggregate(() -> "0", Materialized.with(TEXT, TEXT));
    to(sums.toStream(), application, "cogroup");
    to(
        sums.suppress(Suppressed.untilTimeLimit(Duration.ofSeconds(3), BufferConfig.unbounded()).withName("limited")).toStream(),
        application,
        "limited");
  }

  private static void withHeaders(KStream<String, String> numbers, String application) {
    KGroupedStream<String, String> grouped = numbers.groupByKey(Grouped.with(TEXT, TEXT));
    to(
        grouped.reduce(
                (sum, value) -> String.valueOf(Long.parseLong(sum) * 3 % 10_007 + Long.parseLong(value)),
                Materialized.<String, String>as(Stores.persistentTimestampedKeyValueStoreWithHeaders("headed")).withKeySerde(TEXT).withValueSerde(TEXT))
            .toStream(),
        application,
        "headed");
    toTexts(
        grouped.windowedBy(SECOND).count(
            Materialized.<String, Long>as(
                    Stores.persistentTimestampedWindowStoreWithHeaders("headed-windows", GRACE.plusSeconds(1), Duration.ofSeconds(1), false))
                .withKeySerde(TEXT)),
        application,
        "headed-windows");
    toTexts(
        grouped.windowedBy(SESSION).count(
            Materialized.<String, Long>as(Stores.persistentSessionStoreWithHeaders("headed-sessions", GRACE.plusMillis(400))).withKeySerde(TEXT)),
        application,
        "headed-sessions");
  }

  private static void toTexts(KTable<Windowed<String>, Long> counts, String application, String name) {
    to(
        counts.toStream().map((key, count) -> KeyValue.pair(
            key.key() + "@" + key.window().start() + "-" + key.window().end(),
            count == null ? null : count.toString())),
        application,
        name);
  }

  private static void to(KStream<String, String> results, String application, String name) {
    results.to(application + "-" + name, Produced.with(TEXT, TEXT));
  }

  private static Materialized<String, String, KeyValueStore<Bytes, byte[]>> as(String store) {
    return Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as(store).withKeySerde(TEXT).withValueSerde(TEXT);
  }

  private static String pair(String left, String right) {
    return left + "/" + right;
  }

  private static String lastDigit(String value) {
    return value.substring(value.length() - 1);
  }

  private static String plus(String n, int more) {
    return String.valueOf(Long.parseLong(n) + more);
  }
}
