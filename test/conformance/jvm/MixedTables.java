import java.util.Map;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.processor.ProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** Tables in chains: foreign keys on aggregates, views on views, versioned tables, regroupings, caches. */
final class MixedTables extends Kit {
  static final TimeWindows T10G5 = WindowTopologies.T10G5;

  /** The last 60 characters, so that nested aggregates do not explode. */
  static String tail(String s) { return AggregateTopologies.tail(s); }
  static String len(String v) { return "k" + v.length() % 4; }
  static KTable<String, String> table(StreamsBuilder b, String name) { return b.table(name, IN, kv(name, STR)); }
  static KGroupedStream<String, String> grouped(StreamsBuilder b, String name) { return b.stream(name, IN).groupByKey(GROUP); }
  static <V> Materialized<String, V, KeyValueStore<org.apache.kafka.common.utils.Bytes, byte[]>> versions(String name, org.apache.kafka.common.serialization.Serde<V> v, long history) {
    return Materialized.<String, V>as(Stores.persistentVersionedKeyValueStore(name, ms(history))).withKeySerde(STR).withValueSerde(v);
  }
  static final Aggregator<String, String, String> TPLUS = (k, v, a) -> tail(a + "+" + v);
  static final Aggregator<String, String, String> TMINUS = (k, v, a) -> tail(a + "-" + v);
  static final Reducer<String> TADD = (a, v) -> tail(a + "+" + v);
  static final Reducer<String> TSUB = (a, v) -> tail(a + "-" + v);
  static final ValueJoiner<String, String, String> TPAIR = (l, r) -> tail(l + "&" + r);

  static void addTo(Map<String, Case> all) {
    foreign(new Group(all, "mixed tables"));
    views(new Group(all, "mixed tables"));
    versioned(new Group(all, "mixed tables"));
    sources(new Group(all, "mixed tables"));
  }

  private static void foreign(Group g) {
    g.dsl("fk-on-aggregate", "a b", CALM, "groupByKey(a).aggregate('0', APPEND cut to 60, s).leftJoin(table(b, b), FK := 'k' + length%4, PAIR, fk, store o)", b -> grouped(b, "a")
        .aggregate(EMPTY, (k, v, a) -> num(v) % 7 == 0 && v != null ? null : tail(a + "+" + v), kv("s", STR)).leftJoin(table(b, "b"), MixedTables::len, PAIR, TableJoined.as("fk"), kv("o", STR)).toStream().to("out", OUT));
    g.dsl("fk-to-aggregate", "a b", CALM.nulls(0, 0.15), "table(a, a).join(groupByKey(b).count(n), FK := 'k' + num%3, l + '#' + n, fk), result not materialized", b -> table(b, "a")
        .join(grouped(b, "b").count(kv("n", LONG)), v -> "k" + num(v) % 3, (l, n) -> l + "#" + n, TableJoined.as("fk")).toStream().to("out", OUT));
    g.dsl("fk-aggregates-regrouped", "a b", CALM, "x = groupByKey(a).reduce(ADD cut, x); y = groupByKey(b).count(y); x.leftJoin(y, FK := 'k' + length%3, (s, n) → s + '#' + n cut, fk, serdes only).groupBy((k,v) → (v's length%5, v), Grouped g).aggregate('0', PLUS, MINUS cut, s)", MixedTables::fkRegrouped);
    g.dsl("fk-aggregates-regrouped-cached", "a b", CALM, "as fk-aggregates-regrouped with record caches on", MixedTables::fkRegrouped).cached();
    g.dsl("fk-windowed-left", "a b", CALM, "groupByKey(a), tumbling 10 grace 5, count(s).leftJoin(table(b, b), FK from key := the key in the window, n + '&' + v, fk).toStream.to(out)", b -> grouped(b, "a").windowedBy(T10G5).count(win("s", LONG))
        .leftJoin(table(b, "b"), (Windowed<String> w, Long n) -> w.key(), (n, v) -> n + "&" + v, TableJoined.as("fk")).toStream().to("out", outWin(10)));
    g.dsl("fk-tree", "in", TABLES, "t = table(in, t); t.join(t, FK := 'k' + num%4, PAIR, fk1, serdes only).leftJoin(t, FK := 'k' + length%4, PAIR, fk2, serdes only)", b -> {
      KTable<String, String> t = b.table("in", IN, kv("t", STR));
      t.join(t, v -> "k" + num(v) % 4, PAIR, TableJoined.as("fk1"), Materialized.with(STR, STR)).leftJoin(t, MixedTables::len, PAIR, TableJoined.as("fk2"), Materialized.with(STR, STR)).toStream().to("out", OUT);
    });
    g.dsl("fk-then-outer-join", "a b c", TABLES, "table(a).join(table(b), FK := 'k' + num%4, PAIR, unnamed, serdes only).outerJoin(table(c), l + '=' + r)", b -> b.table("a", IN)
        .join(b.table("b", IN), (String v) -> "k" + num(v) % 4, PAIR, Materialized.with(STR, STR)).outerJoin(b.table("c", IN), (l, r) -> l + "=" + r).toStream().to("out", OUT));
    g.dsl("fk-optimized", "a b", TABLES, "topology.optimization=all; table(a, a).leftJoin(table(b, b), FK := num%5=0 → null else 'k' + num%4, PAIR, fk, store o).toStream; and table a filter(num even).toStream.to(out2)", b -> {
      KTable<String, String> x = table(b, "a");
      x.leftJoin(table(b, "b"), v -> num(v) % 5 == 0 ? null : "k" + num(v) % 4, PAIR, TableJoined.as("fk"), kv("o", STR)).toStream().to("out", OUT);
      x.filter(EVEN).toStream().to("out2", OUT);
    }).optimized();
    g.dsl("fk-cached", "a b", TABLES, "table(a, a).leftJoin(table(b, b), FK := num%5=0 → null else 'k' + num%4, PAIR, fk, store o) with record caches on", b -> table(b, "a")
        .leftJoin(table(b, "b"), v -> num(v) % 5 == 0 ? null : "k" + num(v) % 4, PAIR, TableJoined.as("fk"), kv("o", STR)).toStream().to("out", OUT)).cached();
    g.dsl("fk-suppressed-left", "a b", TABLES, "table(a, a).suppress(until 8, name limit).leftJoin(table(b, b), FK := 'k' + num%4, PAIR, fk, store o)", b -> table(b, "a").suppress(SuppressTopologies.limit(8, Suppressed.BufferConfig.unbounded()))
        .leftJoin(table(b, "b"), v -> "k" + num(v) % 4, PAIR, TableJoined.as("fk"), kv("o", STR)).toStream().to("out", OUT));
    g.dsl("fk-two-joins-one-table", "a b c", TABLES, "x = table(a, a); x.join(table(b, b), FK := 'k' + num%4, PAIR, fk1).toStream → out1; x.leftJoin(table(c, c), FK := word is 'ant' → null else 'k' + num%3, PAIR, fk2).toStream → out2", b -> {
      KTable<String, String> x = table(b, "a");
      x.join(table(b, "b"), v -> "k" + num(v) % 4, PAIR, TableJoined.as("fk1")).toStream().to("out1", OUT);
      x.leftJoin(table(b, "c"), v -> word(v).equals("ant") ? null : "k" + num(v) % 3, PAIR, TableJoined.as("fk2")).toStream().to("out2", OUT);
    });
    g.dsl("fk-joiner-null", "a b", TABLES, "table(a, a).leftJoin(table(b, b), FK := 'k' + num%4, joiner → null when r present and num(l)+num(r) even, else PAIR; fk, store o).mapValues(v + '!').toStream", b -> table(b, "a")
        .leftJoin(table(b, "b"), v -> "k" + num(v) % 4, (l, r) -> r != null && (num(l) + num(r)) % 2 == 0 ? null : l + "&" + r, TableJoined.as("fk"), kv("o", STR)).mapValues(v -> v + "!").toStream().to("out", OUT));
  }

  private static void fkRegrouped(StreamsBuilder b) {
    KTable<String, String> x = grouped(b, "a").reduce(TADD, kv("x", STR));
    KTable<String, Long> y = grouped(b, "b").count(kv("y", LONG));
    x.leftJoin(y, v -> "k" + v.length() % 3, (s, n) -> tail(s + "#" + n), TableJoined.as("fk"), Materialized.with(STR, STR))
        .groupBy((k, v) -> KeyValue.pair("" + v.length() % 5, v), group("g")).aggregate(EMPTY, TPLUS, TMINUS, kv("s", STR)).toStream().to("out", OUT);
  }

  private static void views(Group g) {
    g.dsl("views-on-views", "in", TABLES, "table(in, no store).filter(num%5≠0).mapValues(v+'!').filterNot(num%3=0).mapValues(k+'='+v, store m).filter(num even).toStream.to(out)", b -> b.table("in", IN).filter((k, v) -> num(v) % 5 != 0).mapValues(v -> v + "!")
        .filterNot((k, v) -> num(v) % 3 == 0).mapValues((k, v) -> k + "=" + v, kv("m", STR)).filter(EVEN).toStream().to("out", OUT));
    for (String how : new String[] {"", "-cached", "-rocksdb", "-optimized"}) {
      Case c = g.dsl("views-joined" + how, "a b c", how.equals("-rocksdb") ? ODD.nulls(0.02, 0.2) : TABLES, "table(a).filter(num%4≠0).mapValues(v+'!').leftJoin(table(b, b).mapValues(v+'?').filter(num%3≠0), PAIR).outerJoin(table(c).filter(num even, store f), l + '=' + r).mapValues(word + length)"
          + ".groupBy((k,v) → (v's length%3, v), Grouped g).reduce(ADD, SUB cut, s)" + how, b -> b.table("a", IN).filter((k, v) -> num(v) % 4 != 0).mapValues(v -> v + "!").leftJoin(table(b, "b").mapValues(v -> v + "?").filter((k, v) -> num(v) % 3 != 0), PAIR)
          .outerJoin(b.table("c", IN).filter(EVEN, kv("f", STR)), (l, r) -> l + "=" + r).mapValues(v -> word(v) + v.length()).groupBy((k, v) -> KeyValue.pair("" + v.length() % 3, v), group("g")).reduce(TADD, TSUB, kv("s", STR)).toStream().to("out", OUT));
      if (how.equals("-cached")) c.cached();
      if (how.equals("-rocksdb")) c.rocks();
      if (how.equals("-optimized")) c.optimized();
    }
    g.dsl("transformed-joined", "a b", TABLES, "table(a, a).transformValues(v + '#' + k, no state), not materialized; .leftJoin(table(b, b), PAIR, store o): the join reads through a transformer", b -> table(b, "a").transformValues(() -> new ValueTransformerWithKey<String, String, String>() {
      public void init(ProcessorContext c) { }
      public String transform(String k, String v) { return v + "#" + k; }
      public void close() { }
    }).leftJoin(table(b, "b"), PAIR, kv("o", STR)).toStream().to("out", OUT));
    g.dsl("transformed-regrouped", "a", TABLES, "table(a, a).transformValues(as in transformed-joined).groupBy((k,v) → (word, v), Grouped g).aggregate('0', PLUS, MINUS cut, s): old values through a transformer", b -> transformed(b)
        .groupBy((k, v) -> KeyValue.pair(word(v), v), group("g")).aggregate(EMPTY, TPLUS, TMINUS, kv("s", STR)).toStream().to("out", OUT));
    for (String how : new String[] {"", "-cached"}) {
      Case c = g.dsl("regroup-of-regroup" + how, "in", TABLES, "table(in, t).groupBy((k,v) → (word, v), Grouped g1).count(s1).groupBy((k,n) → ('n' + n%3, k), Grouped g2).reduce(ADD, SUB cut, s2).filter(length even, store f).mapValues(v + '!').toStream.to(out)" + how, b -> b.table("in", IN, kv("t", STR))
          .groupBy(TableTopologies.byWord(), group("g1")).count(kv("s1", LONG)).groupBy((k, n) -> KeyValue.pair("n" + n % 3, k), group("g2")).reduce(TADD, TSUB, kv("s2", STR)).filter((k, v) -> v.length() % 2 == 0, kv("f", STR)).mapValues(v -> v + "!").toStream().to("out", OUT));
      if (how.equals("-cached")) c.cached();
    }
    for (String how : new String[] {"", "-cached"}) {
      Case c = g.dsl("outer-cascade" + how, "a b c d", TABLES, "table(a, a).outerJoin(table(b, b), PAIR, store o1).outerJoin(table(c, c), PAIR).outerJoin(table(d, d), PAIR, store o2).toStream.to(out)" + how, b -> table(b, "a").outerJoin(table(b, "b"), PAIR, kv("o1", STR))
          .outerJoin(table(b, "c"), PAIR).outerJoin(table(b, "d"), PAIR, kv("o2", STR)).toStream().to("out", OUT));
      if (how.equals("-cached")) c.cached();
    }
    g.dsl("null-joiner-cascade", "a b c", TABLES, "table(a, a).leftJoin(table(b, b), joiner → null when num(l)%3=0 else PAIR).outerJoin(table(c, c), PAIR).toStream.to(out)", b -> table(b, "a").leftJoin(table(b, "b"), (l, r) -> num(l) % 3 == 0 ? null : l + "&" + r)
        .outerJoin(table(b, "c"), PAIR).toStream().to("out", OUT));
    g.dsl("join-thrice", "in", TABLES, "t = table(in, t); t.join(t.mapValues(v+'!'), PAIR).leftJoin(t.filter(num even, store f), PAIR).toStream.to(out), record caches on", b -> {
      KTable<String, String> t = b.table("in", IN, kv("t", STR));
      t.join(t.mapValues(v -> v + "!"), PAIR).leftJoin(t.filter(EVEN, kv("f", STR)), PAIR).toStream().to("out", OUT);
    }).cached();
    g.dsl("join-aggregated-joined", "a b", TABLES, "j = table(a, a).leftJoin(table(b, b), PAIR); n = j.toStream.groupByKey(Grouped g).count(n); j.join(n, v + '#' + n, store o).toStream.to(out)", b -> {
      KTable<String, String> j = table(b, "a").leftJoin(table(b, "b"), PAIR);
      j.join(j.toStream().groupByKey(group("g")).count(kv("n", LONG)), (v, n) -> v + "#" + n, kv("o", STR)).toStream().to("out", OUT);
    });
    g.dsl("caching-disabled-among-caches", "in", CALM, "record caches on; s1 = groupByKey(in).count(s1, caching disabled).mapValues('n' + n, store m); s2 = groupByKey(in).reduce(ADD cut, s2); m.outerJoin(s2, PAIR, store o with caching disabled).toStream.to(out)", b -> {
      KGroupedStream<String, String> x = grouped(b, "in");
      x.count(kv("s1", LONG).withCachingDisabled()).mapValues(n -> "n" + n, kv("m", STR)).outerJoin(x.reduce(TADD, kv("s2", STR)), PAIR, kv("o", STR).withCachingDisabled()).toStream().to("out", OUT);
    }).cached();
    g.dsl("tables-generated-names", "a b c", TABLES, "nothing named, serdes only: table(a).filter(num even, serdes only).join(table(b).mapValues(v+'!'), PAIR).leftJoin(table(c), FK := 'k' + num(length), PAIR, serdes only).groupBy((k,v) → (word, v)).count(serdes only).toStream.to(out)", b -> b.table("a", IN)
        .filter(EVEN, Materialized.with(STR, STR)).join(b.table("b", IN).mapValues(v -> v + "!"), PAIR, Materialized.with(STR, STR)).leftJoin(b.table("c", IN), (String v) -> len(v), PAIR, Materialized.with(STR, STR))
        .groupBy((k, v) -> KeyValue.pair(word(v), v), GROUP).count(Materialized.with(STR, LONG)).toStream().to("out", OUT_LONG));
  }

  private static KTable<String, String> transformed(StreamsBuilder b) {
    b.addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("n"), STR, LONG));
    ValueTransformerWithKeySupplier<String, String, String> s = () -> new ValueTransformerWithKey<>() {
      KeyValueStore<String, Long> n;
      public void init(ProcessorContext c) { n = c.getStateStore("n"); }
      public String transform(String k, String v) {
        Long before = n.get(k);
        n.put(k, before == null ? 1L : before + 1);
        return v + "#" + n.get(k);
      }
      public void close() { }
    };
    return table(b, "a").transformValues(s, "n");
  }

  private static void versioned(Group g) {
    Shape late = TABLES.time(6, 30, 0);
    g.dsl("versioned-chain", "left right", late, "table(left, versioned l, history 20).filter(num even).mapValues(v+'!').leftJoin(table(right, r on a plain store), PAIR, versioned store o, history 20).toStream.to(out)", b -> b.table("left", IN, MixedTables.<String>versions("l", STR, 20)).filter(EVEN).mapValues(v -> v + "!")
        .leftJoin(table(b, "right"), PAIR, versions("o", STR, 20)).toStream().to("out", OUT)).rocks();
    g.dsl("versioned-outer", "left right", late, "table(left, left).outerJoin(table(right, versioned r, history 15).mapValues(v+'?'), PAIR).toStream.to(out): one side is versioned", b -> table(b, "left").outerJoin(b.table("right", IN, versions("r", STR, 15)).mapValues(v -> v + "?"), PAIR).toStream().to("out", OUT)).rocks();
    g.dsl("versioned-aggregates", "in", CALM.time(6, 30, 0), "groupByKey(in): count(versioned n, history 20) → out1; reduce(ADD cut, versioned r, history 20) → out2; aggregate('0', APPEND cut, versioned a, history 10) → out3", b -> {
      KGroupedStream<String, String> x = grouped(b, "in");
      x.count(versions("n", LONG, 20)).toStream().to("out1", OUT_LONG);
      x.reduce(TADD, versions("r", STR, 20)).toStream().to("out2", OUT);
      x.aggregate(EMPTY, (k, v, a) -> num(v) % 7 == 0 ? null : tail(a + "+" + v), versions("a", STR, 10)).toStream().to("out3", OUT);
    }).rocks();
    g.dsl("versioned-regrouped", "in", late, "table(in, versioned t, history 20).mapValues(v+'!').groupBy((k,v) → ('k' + length%4, v), Grouped g).aggregate('0', PLUS, MINUS cut, versioned s, history 20).filter(length even).toStream.to(out)", b -> b.table("in", IN, versions("t", STR, 20)).mapValues(v -> v + "!")
        .groupBy((k, v) -> KeyValue.pair(len(v), v), group("g")).aggregate(EMPTY, TPLUS, TMINUS, versions("s", STR, 20)).filter((k, v) -> v.length() % 2 == 0).toStream().to("out", OUT)).rocks();
    g.dsl("versioned-to-table-grace", "in other", CALM.nulls(0, 0.1).time(6, 20, 0), "t = stream(in).toTable(versioned t, history 60); stream(other).join(t, PAIR, name j, grace 10).groupByKey(Grouped g), tumbling 10 grace 20, count(s).toStream.to(out)", b -> {
      KTable<String, String> t = b.stream("in", IN).toTable(versions("t", STR, 60));
      b.stream("other", IN).join(t, PAIR, joinedTable("j").withGracePeriod(ms(10))).groupByKey(group("g")).windowedBy(TimeWindows.ofSizeAndGrace(ms(10), ms(20))).count(win("s", LONG)).toStream().to("out", outWinLong(10));
    }).rocks();
    g.dsl("versioned-view-lookup", "stream table", CALM.nulls(0.03, 0.15).time(6, 20, 0), "stream(stream).leftJoin(table(table, versioned t, history 30).filter(num even).mapValues(v+'!'), PAIR, name j): as of the stream record's time through views", b -> b.stream("stream", IN)
        .leftJoin(b.table("table", IN, versions("t", STR, 30)).filter(EVEN).mapValues(v -> v + "!"), PAIR, joinedTable("j")).to("out", OUT)).rocks();
    g.dsl("versioned-view-grace", "stream table", NO_NULLS.time(6, 20, 0), "stream(stream).selectKey('k' + num%3).leftJoin(table(table, versioned t, history 30).mapValues(v+'!', versioned m, history 40), PAIR, name j, grace 15).to(out)", b -> b.stream("stream", IN).selectKey((k, v) -> "k" + num(v) % 3)
        .leftJoin(b.table("table", IN, versions("t", STR, 30)).mapValues(v -> v + "!", versions("m", STR, 40)), PAIR, joinedTable("j").withGracePeriod(ms(15))).to("out", OUT)).rocks();
    g.dsl("versioned-fk-left-only", "left right", late, "table(left, versioned l, history 20).join(table(right, right), FK := 'k' + num%4, PAIR, fk, store o)", b -> b.table("left", IN, versions("l", STR, 20)).join(table(b, "right"), v -> "k" + num(v) % 4, PAIR, TableJoined.as("fk"), kv("o", STR)).toStream().to("out", OUT)).rocks();
    g.dsl("versioned-fk-right-only", "left right", late, "table(left, left).leftJoin(table(right, versioned r, history 20), FK := 'k' + num%4, PAIR, fk, versioned o, history 20)", b -> table(b, "left").leftJoin(b.table("right", IN, versions("r", STR, 20)), v -> "k" + num(v) % 4, PAIR, TableJoined.as("fk"), versions("o", STR, 20)).toStream().to("out", OUT)).rocks();
    g.dsl("versioned-cached", "left right", late, "record caches on: table(left, versioned l, history 20).leftJoin(table(right, right), PAIR, store o).toStream.to(out)", b -> b.table("left", IN, versions("l", STR, 20)).leftJoin(table(b, "right"), PAIR, kv("o", STR)).toStream().to("out", OUT)).rocks().cached();
  }

  private static void sources(Group g) {
    g.dsl("to-table-diamond", "in", CALM, "t = stream(in).toTable(t); u = t.filter(num%3≠0).toStream.selectKey(k of it in reverse order of words: word).toTable(u); t.toStream.selectKey(word).leftJoin(u, PAIR, name j).to(out)", b -> {
      KTable<String, String> t = b.stream("in", IN).toTable(kv("t", STR));
      KTable<String, String> u = t.filter((k, v) -> num(v) % 3 != 0).toStream().selectKey(WORD).toTable(Named.as("tt"), kv("u", STR));
      t.toStream().selectKey(WORD).leftJoin(u, PAIR, joinedTable("j")).to("out", OUT);
    });
    g.dsl("table-over-windows", "in", JUMPY, "groupByKey(in), tumbling 10 grace 5, count(s).toStream.toTable(windowed store w on a key-value store).leftJoin(the counts, n + '/' + m).toStream.to(out)", b -> {
      KTable<Windowed<String>, Long> n = grouped(b, "in").windowedBy(T10G5).count(win("s", LONG));
      KTable<Windowed<String>, Long> w = n.toStream().toTable(Materialized.<Windowed<String>, Long, KeyValueStore<org.apache.kafka.common.utils.Bytes, byte[]>>as("w").withKeySerde(windowed(10)).withValueSerde(LONG));
      w.leftJoin(n, (x, y) -> x + "/" + y).toStream().to("out", outWin(10));
    });
    g.dsl("global-and-aggregate", "stream table", CALM, "gt = globalTable(table, gt); stream(stream).leftJoin(gt, key := 'k' + num%3, PAIR).groupBy(word, Grouped g).aggregate('0', PLUS cut, s).filter(length even).toStream.join(gt, key := 'k' + length%3, l + '=' + r).to(out)", b -> {
      GlobalKTable<String, String> gt = b.globalTable("table", IN, kv("gt", STR));
      b.stream("stream", IN).leftJoin(gt, (k, v) -> "k" + num(v) % 3, PAIR).groupBy((k, v) -> word(v), group("g")).aggregate(EMPTY, TPLUS, kv("s", STR)).filter((k, v) -> v.length() % 2 == 0).toStream()
          .join(gt, (k, v) -> v == null ? null : "k" + v.length() % 3, (l, r) -> l + "=" + r).to("out", OUT);
    });
    g.dsl("source-written-by-sink", "in", CALM, "stream(in).mapValues(v+'!').to(mid); table(mid, m).filter(num even).toStream.to(out): the table's topic is written by the same application", b -> {
      b.stream("in", IN).mapValues(v -> v == null ? null : v + "!").to("mid", OUT);
      b.table("mid", IN, kv("m", STR)).filter(EVEN).toStream().to("out", OUT);
    });
  }
}
