import java.util.Arrays;
import java.util.Map;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;

/** Streams in chains: joins of joins, windows after joins, suppress after everything, branches, merges, repartitions, the optimizer. */
final class MixedStreams extends Kit {
  static final TimeWindows T10G5 = WindowTopologies.T10G5;
  static final JoinWindows W10G5 = JoinTopologies.W10G5;

  static String tail(String s) { return AggregateTopologies.tail(s); }
  static KGroupedStream<String, String> grouped(StreamsBuilder b, String name) { return b.stream(name, IN).groupByKey(GROUP); }
  static KTable<String, String> table(StreamsBuilder b, String name) { return b.table(name, IN, kv(name, STR)); }
  static final Aggregator<String, String, String> TPLUS = MixedTables.TPLUS, TMINUS = MixedTables.TMINUS;
  static final Reducer<String> TADD = MixedTables.TADD;
  static final Merger<String, String> TMERGE = (k, x, y) -> tail("(" + x + "|" + y + ")");
  static final ValueJoiner<String, String, String> TPAIR = MixedTables.TPAIR;

  static void addTo(Map<String, Case> all) {
    joins(new Group(all, "mixed streams"));
    windows(new Group(all, "mixed streams"));
    caches(new Group(all, "mixed streams"));
    optimizer(new Group(all, "mixed streams"));
    shapes(new Group(all, "mixed streams"));
  }

  private static void joins(Group g) {
    g.dsl("outer-join-then-hopping", "left right", JUMPY, "stream(left).outerJoin(stream(right), PAIR, difference 10 grace 5, name j).groupBy(word, Grouped g), hopping 12 advance 5 grace 20, count(s).toStream.to(out)", b -> b.stream("left", IN).outerJoin(b.stream("right", IN), PAIR, W10G5, joined())
        .groupBy(WORD, group("g")).windowedBy(TimeWindows.ofSizeAndGrace(ms(12), ms(20)).advanceBy(ms(5))).count(win("s", LONG)).toStream().to("out", outWinLong(12)));
    g.dsl("join-of-joins", "a b c d", CALM, "(a leftJoin b, difference 10 grace 5, j1) outerJoin (c join d, difference 6 grace 2, j2), difference 20 grace 3, j3", b -> b.stream("a", IN).leftJoin(b.stream("b", IN), PAIR, W10G5, joined("j1"))
        .outerJoin(b.stream("c", IN).join(b.stream("d", IN), PAIR, JoinWindows.ofTimeDifferenceAndGrace(ms(6), ms(2)), joined("j2")), (l, r) -> l + "=" + r, JoinWindows.ofTimeDifferenceAndGrace(ms(20), ms(3)), joined("j3")).to("out", OUT));
    g.dsl("join-then-final-sessions", "left right", CALM, "stream(left).leftJoin(stream(right), PAIR, difference 10 grace 5, j).groupByKey(Grouped g), session gap 5 grace 20, aggregate('0', PLUS, MERGE cut, s, retention 1000), suppress until window closes (final).toStream.to(out)", b -> b.stream("left", IN)
        .leftJoin(b.stream("right", IN), PAIR, W10G5, joined()).groupByKey(group("g")).windowedBy(SessionWindows.ofInactivityGapAndGrace(ms(5), ms(20))).aggregate(EMPTY, TPLUS, TMERGE, ses("s", STR).withRetention(ms(1000)))
        .suppress(SuppressTopologies.fin()).toStream().to("out", OUT_SES));
    g.dsl("self-join-of-halves", "in", CALM, "s = stream(in); s.filter(num even).leftJoin(s.filterNot(num even).mapValues(v+'?'), PAIR, difference 10 grace 5, unnamed).to(out)", b -> {
      KStream<String, String> s = b.stream("in", IN);
      s.filter(EVEN).leftJoin(s.filterNot(EVEN).mapValues(v -> v + "?"), PAIR, W10G5, StreamJoined.with(STR, STR, STR)).to("out", OUT);
    });
    for (String how : new String[] {"", "-optimized"}) {
      Case c = g.dsl("self-joins-several" + how, "in", CALM, "s = stream(in); s.join(s, PAIR, difference 10 grace 5, unnamed) → out1; s.leftJoin(s, PAIR, difference 4 grace 2, unnamed) → out2; m = s.mapValues(v+'!'); m.join(m, PAIR, before 3 after 12 grace 5, name j3) → out3; re = s.selectKey(word); re.join(re, PAIR, difference 5 grace 5, name j4) → out4" + how, b -> {
        KStream<String, String> s = b.stream("in", IN);
        s.join(s, PAIR, W10G5, StreamJoined.with(STR, STR, STR)).to("out1", OUT);
        s.leftJoin(s, PAIR, JoinWindows.ofTimeDifferenceAndGrace(ms(4), ms(2)), StreamJoined.with(STR, STR, STR)).to("out2", OUT);
        KStream<String, String> m = s.mapValues(v -> v + "!");
        m.join(m, PAIR, JoinTopologies.ASYM, joined("j3")).to("out3", OUT);
        KStream<String, String> re = s.selectKey(WORD);
        re.join(re, PAIR, JoinWindows.ofTimeDifferenceAndGrace(ms(5), ms(5)), joined("j4")).to("out4", OUT);
      });
      if (!how.isEmpty()) c.optimized();
    }
    g.dsl("stream-table-global-chain", "stream t1 t2 t3", NULLISH, "stream(stream).leftJoin(table(t1, t1), PAIR, j1).join(globalTable(t2, g), key := 'k' + num of v%3, PAIR).leftJoin(table(t3, t3).mapValues(v+'!'), l + '=' + r, j3).groupByKey(Grouped g).reduce(ADD cut, s).toStream.to(out)", b -> b.stream("stream", IN)
        .leftJoin(table(b, "t1"), PAIR, joinedTable("j1")).join(b.globalTable("t2", IN, kv("g", STR)), (k, v) -> "k" + v.length() % 3, PAIR).leftJoin(table(b, "t3").mapValues(v -> v + "!"), (l, r) -> l + "=" + r, Joined.with(STR, STR, STR, "j3"))
        .groupByKey(group("g")).reduce(TADD, kv("s", STR)).toStream().to("out", OUT));
    g.dsl("join-minutes-rocksdb", "left right", MINUTES, "stream(left).leftJoin(stream(right), PAIR, difference 40 000 grace 20 000, j).groupByKey(Grouped g), hopping 60 000 advance 20 000 grace 60 000, aggregate('0', PLUS cut, s).toStream.to(out) on RocksDB", b -> b.stream("left", IN)
        .leftJoin(b.stream("right", IN), PAIR, JoinWindows.ofTimeDifferenceAndGrace(ms(40_000), ms(20_000)), joined()).groupByKey(group("g")).windowedBy(TimeWindows.ofSizeAndGrace(ms(60_000), ms(60_000)).advanceBy(ms(20_000))).aggregate(EMPTY, TPLUS, win("s", STR))
        .toStream().to("out", outWin(60_000))).rocks();
    g.dsl("join-cached", "left right", CALM, "record caches on: stream(left).outerJoin(stream(right), PAIR, difference 10 grace 5, j).groupByKey(Grouped g), tumbling 10 grace 20, count(s).toStream.to(out)", b -> b.stream("left", IN).outerJoin(b.stream("right", IN), PAIR, W10G5, joined()).groupByKey(group("g"))
        .windowedBy(TimeWindows.ofSizeAndGrace(ms(10), ms(20))).count(win("s", LONG)).toStream().to("out", outWinLong(10))).cached();
    g.dsl("null-keys-everywhere", "a b table", NULLISH, "a = stream(a).selectKey(num%3=0 → null else word); a.outerJoin(stream(b), PAIR, difference 10 grace 5, j1).leftJoin(table(table, t), PAIR, j2).merge(a).toTable(m).toStream.to(out)", b -> {
      KStream<String, String> a = b.stream("a", IN).selectKey((k, v) -> num(v) % 3 == 0 ? null : word(v));
      a.outerJoin(b.stream("b", IN), PAIR, W10G5, joined("j1")).leftJoin(b.table("table", IN, kv("t", STR)), PAIR, joinedTable("j2")).merge(a).toTable(kv("m", STR)).toStream().to("out", OUT);
    });
    g.dsl("asymmetric-late-cascade", "a b c", LATE, "a.outerJoin(b, before 3 after 12 grace 5, j1).outerJoin(c, before 0 after 8 grace 0, j2)", b -> b.stream("a", IN).outerJoin(b.stream("b", IN), PAIR, JoinTopologies.ASYM, joined("j1"))
        .outerJoin(b.stream("c", IN), PAIR, JoinWindows.ofTimeDifferenceWithNoGrace(ms(8)).before(ms(0)), joined("j2")).to("out", OUT));
  }

  private static void windows(Group g) {
    g.dsl("sessions-into-windows", "in", SESSIONS, "groupByKey(in), session gap 5 grace 10, count(s1).toStream.map((w, n) → (w.key, w as text + n)).groupByKey(Grouped g), tumbling 20 grace 30, reduce(ADD cut, s2).toStream.to(out): tombstones of merged sessions too", b -> grouped(b, "in")
        .windowedBy(WindowTopologies.SE).count(ses("s1", LONG)).toStream().map((w, n) -> KeyValue.pair(w.key(), text(w) + n)).groupByKey(group("g")).windowedBy(TimeWindows.ofSizeAndGrace(ms(20), ms(30))).reduce(TADD, win("s2", STR)).toStream().to("out", outWin(20)));
    g.dsl("final-then-join", "a b", JUMPY, "x = groupByKey(a), tumbling 10 grace 5, count(x), suppress until window closes (final); y = groupByKey(b), tumbling 10 grace 5, reduce(ADD cut, y); x.outerJoin(y, n + '&' + s).toStream.to(out)", b -> grouped(b, "a").windowedBy(T10G5).count(win("x", LONG)).suppress(SuppressTopologies.fin())
        .outerJoin(grouped(b, "b").windowedBy(T10G5).reduce(TADD, win("y", STR)), (n, s) -> n + "&" + s).toStream().to("out", outWin(10)));
    g.dsl("join-then-final", "a b", JUMPY, "x = groupByKey(a), tumbling 10 grace 5, count(x); y = groupByKey(b), tumbling 10 grace 8, count(y); x.leftJoin(y, n + '&' + m, serdes only).suppress until window closes (final).toStream.to(out): the greater grace counts", b -> grouped(b, "a").windowedBy(T10G5).count(win("x", LONG))
        .leftJoin(grouped(b, "b").windowedBy(TimeWindows.ofSizeAndGrace(ms(10), ms(8))).count(win("y", LONG)), (n, m) -> n + "&" + m, Materialized.with(windowed(10), STR)).suppress(SuppressTopologies.fin()).toStream().to("out", outWin(10)));
    g.dsl("windows-into-windows", "in", JUMPY, "groupByKey(in), tumbling 10 grace 5, count(s1).toStream.map((w,n) → (word 'all', n)).groupByKey(Grouped g), hopping 40 advance 20 grace 20, aggregate('0', agg+'+'+n cut, s2), suppress until window closes (final).toStream(key as text).to(out)", b -> grouped(b, "in").windowedBy(T10G5).count(win("s1", LONG)).toStream()
        .map((w, n) -> KeyValue.pair("all", n)).groupByKey(Grouped.with("g", STR, LONG)).windowedBy(TimeWindows.ofSizeAndGrace(ms(40), ms(20)).advanceBy(ms(20))).aggregate(EMPTY, (k, n, a) -> tail(a + "+" + n), win("s2", STR)).suppress(SuppressTopologies.fin()).toStream((w, v) -> text(w)).to("out", OUT));
    g.dsl("sliding-regrouped", "in", JUMPY, "groupByKey(in), sliding difference 10 grace 8, count(s1).filter(n > 1).groupBy((w,n) → (w.key, n), Grouped g).reduce(max, last subtracted wins: a, s2).toStream.to(out)", b -> grouped(b, "in").windowedBy(WindowTopologies.SL).count(win("s1", LONG)).filter((w, n) -> n > 1)
        .groupBy((w, n) -> KeyValue.pair(w.key(), n), Grouped.with("g", STR, LONG)).reduce((x, n) -> x + n, (x, n) -> x - n, kv("s2", LONG)).toStream().to("out", OUT_LONG));
    g.dsl("sessions-regrouped-joined", "in table", SESSIONS.nulls(0, 0.05), "groupByKey(in), session gap 5 grace 10, reduce(ADD cut, s1).groupBy((w,v) → (w.key, w as text), Grouped g).aggregate('0', PLUS, MINUS cut, s2).leftJoin(table(table, table), PAIR, store o).toStream.to(out)", b -> grouped(b, "in").windowedBy(WindowTopologies.SE).reduce(TADD, ses("s1", STR))
        .groupBy((w, v) -> KeyValue.pair(w.key(), text(w)), group("g")).aggregate(EMPTY, TPLUS, TMINUS, kv("s2", STR)).leftJoin(table(b, "table"), PAIR, kv("o", STR)).toStream().to("out", OUT));
    g.dsl("limit-on-windows-then-join", "a b", JUMPY, "x = groupByKey(a), hopping 10 advance 5 grace 5, count(x), suppress until 7 (limit); y = groupByKey(b), hopping 10 advance 5 grace 5, count(y).filter(n odd); x.join(y, n + '&' + m).toStream.to(out)", b -> grouped(b, "a").windowedBy(T10G5.advanceBy(ms(5))).count(win("x", LONG)).suppress(SuppressTopologies.limit(7, BufferConfig.unbounded()))
        .join(grouped(b, "b").windowedBy(T10G5.advanceBy(ms(5))).count(win("y", LONG)).filter((w, n) -> n % 2 == 1), (n, m) -> n + "&" + m).toStream().to("out", outWin(10)));
    g.dsl("on-close-then-final", "in", JUMPY, "groupByKey(in), tumbling 10 grace 5, emit on close, count(s1, retention 1000).mapValues(n·2, serdes only).toStream.map((w,n) → (w.key, text + n)).groupByKey(Grouped g), sliding difference 15 grace 20, reduce(ADD cut, s2), suppress until window closes (final).toStream.to(out)", b -> grouped(b, "in").windowedBy(T10G5)
        .emitStrategy(EmitStrategy.onWindowClose()).count(win("s1", LONG).withRetention(ms(1000))).mapValues(n -> n * 2, Materialized.with(windowed(10), LONG)).toStream().map((w, n) -> KeyValue.pair(w.key(), text(w) + n)).groupByKey(group("g"))
        .windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(ms(15), ms(20))).reduce(TADD, win("s2", STR)).suppress(SuppressTopologies.fin()).toStream().to("out", outWin(15)));
    g.dsl("cogroup-sessions-final", "a b c", CALM.time(6, 28, 0), "cogroup(groupByKey(a) PLUS, groupBy(b, word, Grouped gb) MINUS, the same groupByKey(a) TIMES), session gap 5 grace 10, aggregate('0', MERGE cut, s, retention 1000), suppress until window closes.toStream.to(out); c joins nothing: stream(c).to(out2)", b -> {
      KGroupedStream<String, String> x = grouped(b, "a");
      x.<String>cogroup(TPLUS).cogroup(b.stream("b", IN).groupBy(WORD, group("gb")), TMINUS).cogroup(x, (k, v, a) -> tail(a + "*" + v)).windowedBy(WindowTopologies.SE).aggregate(EMPTY, TMERGE, ses("s", STR).withRetention(ms(1000)))
          .suppress(SuppressTopologies.fin()).toStream().to("out", OUT_SES);
      b.stream("c", IN).to("out2", OUT);
    });
    g.dsl("cogroup-then-join", "a b", CALM, "c = cogroup(groupByKey(a) PLUS, groupByKey(b) MINUS).aggregate('0', s); stream(b).leftJoin(c, PAIR cut, name j) → out1; c.leftJoin(groupByKey(a).count(n), v + '#' + n).toStream → out2", b -> {
      KStream<String, String> y = b.stream("b", IN);
      KGroupedStream<String, String> x = grouped(b, "a");
      KTable<String, String> c = x.<String>cogroup(TPLUS).cogroup(y.groupByKey(GROUP), TMINUS).aggregate(EMPTY, kv("s", STR));
      y.leftJoin(c, TPAIR, joinedTable("j")).to("out1", OUT);
      c.leftJoin(x.count(kv("n", LONG)), (v, n) -> v + "#" + n).toStream().to("out2", OUT);
    });
    g.dsl("unlimited-and-global", "stream table", CALM, "groupByKey(stream), unlimited window from 5, reduce(ADD cut, s).toStream((w,v) → w.key).join(globalTable(table, g), key := k, PAIR).to(out)", b -> grouped(b, "stream").windowedBy(UnlimitedWindows.of().startOn(java.time.Instant.ofEpochMilli(5))).reduce(TADD, win("s", STR)).toStream((w, v) -> w.key())
        .join(b.globalTable("table", IN, kv("g", STR)), (k, v) -> k, PAIR).to("out", OUT));
  }

  private static void caches(Group g) {
    EmitStrategy onClose = EmitStrategy.onWindowClose();
    g.dsl("suppress-tumbling-cached", "in", JUMPY, "record caches on: tumbling 10 grace 5 aggregate('0', APPEND cut, s), suppress until window closes (final)", b -> grouped(b, "in").windowedBy(T10G5).aggregate(EMPTY, (k, v, a) -> num(v) % 7 == 0 && v != null ? null : tail(a + "+" + v), win("s", STR)).suppress(SuppressTopologies.fin()).toStream().to("out", outWin(10))).cached();
    g.dsl("suppress-hopping-cached", "in", LATE, "record caches on: hopping 10 advance 3 grace 20 count(s), suppress until window closes (final)", b -> grouped(b, "in").windowedBy(TimeWindows.ofSizeAndGrace(ms(10), ms(20)).advanceBy(ms(3))).count(win("s", LONG)).suppress(SuppressTopologies.fin()).toStream().to("out", outWinLong(10))).cached();
    g.dsl("suppress-sliding-cached", "in", JUMPY, "record caches on: sliding difference 10 grace 8 aggregate('0', PLUS cut, s, retention 1000), suppress until window closes (final)", b -> grouped(b, "in").windowedBy(WindowTopologies.SL).aggregate(EMPTY, TPLUS, win("s", STR).withRetention(ms(1000))).suppress(SuppressTopologies.fin()).toStream().to("out", outWin(10))).cached();
    g.dsl("suppress-session-cached", "in", SESSIONS, "record caches on: session gap 5 grace 10 aggregate('0', PLUS, MERGE cut, s, retention 1000), suppress until window closes (final)", b -> grouped(b, "in").windowedBy(WindowTopologies.SE).aggregate(EMPTY, TPLUS, TMERGE, ses("s", STR).withRetention(ms(1000))).suppress(SuppressTopologies.fin()).toStream().to("out", OUT_SES)).cached();
    g.dsl("suppress-limit-cached", "in", JUMPY, "record caches on: groupByKey(in).count(s), suppress until 9 (limit), then mapValues('n' + n).toStream.to(out)", b -> grouped(b, "in").count(kv("s", LONG)).suppress(SuppressTopologies.limit(9, BufferConfig.unbounded())).mapValues(n -> "n" + n).toStream().to("out", OUT)).cached();
    g.dsl("on-close-tumbling-cached", "in", JUMPY, "record caches on: tumbling 10 grace 5, emit on close, count(s, retention 1000)", b -> grouped(b, "in").windowedBy(T10G5).emitStrategy(onClose).count(win("s", LONG).withRetention(ms(1000))).toStream().to("out", outWinLong(10))).cached();
    g.dsl("on-close-sliding-cached", "in", JUMPY, "record caches on: sliding difference 10 grace 8, emit on close, aggregate('0', PLUS cut, s, retention 1000)", b -> grouped(b, "in").windowedBy(WindowTopologies.SL).emitStrategy(onClose).aggregate(EMPTY, TPLUS, win("s", STR).withRetention(ms(1000))).toStream().to("out", outWin(10))).cached();
    g.dsl("on-close-session-cached", "in", SESSIONS, "record caches on: session gap 5 grace 10, emit on close, count(s, retention 1000)", b -> grouped(b, "in").windowedBy(WindowTopologies.SE).emitStrategy(onClose).count(ses("s", LONG).withRetention(ms(1000))).toStream().to("out", OUT_SES_LONG)).cached();
    g.dsl("cogroup-cached", "a b", CALM, "record caches on: cogroup(groupByKey(a) PLUS, groupByKey(b) MINUS).aggregate('0', s).groupBy((k,v) → ('l' + length%3, v), Grouped g).aggregate('0', PLUS, MINUS cut, s2).toStream.to(out)", b -> grouped(b, "a").<String>cogroup(TPLUS).cogroup(grouped(b, "b"), TMINUS).aggregate(EMPTY, kv("s", STR))
        .groupBy((k, v) -> KeyValue.pair("l" + v.length() % 3, v), group("g")).aggregate(EMPTY, TPLUS, TMINUS, kv("s2", STR)).toStream().to("out", OUT)).cached();
    g.dsl("windowed-join-cached", "a b", JUMPY, "record caches on: x = groupByKey(a), tumbling 10 grace 5, count(x); y = groupByKey(b), tumbling 10 grace 5, reduce(ADD cut, y); x.outerJoin(y, n + '&' + s).toStream.to(out)", b -> grouped(b, "a").windowedBy(T10G5).count(win("x", LONG))
        .outerJoin(grouped(b, "b").windowedBy(T10G5).reduce(TADD, win("y", STR)), (n, s) -> n + "&" + s).toStream().to("out", outWin(10))).cached();
    g.dsl("windowed-regroup-cached", "in", JUMPY, "record caches on: hopping 10 advance 4 grace 5 count(s).groupBy((w,n) → (w.key, n), Grouped g).aggregate('0', '+'/'-' with n cut, s2).toStream.to(out)", b -> grouped(b, "in").windowedBy(T10G5.advanceBy(ms(4))).count(win("s", LONG)).groupBy((w, n) -> KeyValue.pair(w.key(), n), Grouped.with("g", STR, LONG))
        .aggregate(EMPTY, (k, n, a) -> tail(a + "+" + n), (k, n, a) -> tail(a + "-" + n), kv("s2", STR)).toStream().to("out", OUT)).cached();
    g.dsl("session-regroup-cached", "in", SESSIONS, "record caches on: session gap 5 grace 10 count(s).groupBy((w,n) → (w.key, n), Grouped g).aggregate('0', '+'/'-' with n cut, s2).toStream.to(out)", b -> grouped(b, "in").windowedBy(WindowTopologies.SE).count(ses("s", LONG)).groupBy((w, n) -> KeyValue.pair(w.key(), n), Grouped.with("g", STR, LONG))
        .aggregate(EMPTY, (k, n, a) -> tail(a + "+" + n), (k, n, a) -> tail(a + "-" + n), kv("s2", STR)).toStream().to("out", OUT)).cached();
    g.dsl("windows-rocksdb-cached", "in", MINUTES, "record caches on, RocksDB: hopping 60 000 advance 20 000 grace 30 000 aggregate('0', PLUS cut, s1) → out1; session gap 25 000 grace 60 000 aggregate('0', PLUS, MERGE cut, s2) → out2; sliding difference 30 000 grace 60 000 aggregate('0', PLUS cut, s3) → out3", b -> {
      KGroupedStream<String, String> x = grouped(b, "in");
      x.windowedBy(TimeWindows.ofSizeAndGrace(ms(60_000), ms(30_000)).advanceBy(ms(20_000))).aggregate(EMPTY, TPLUS, win("s1", STR)).toStream().to("out1", outWin(60_000));
      x.windowedBy(SessionWindows.ofInactivityGapAndGrace(ms(25_000), ms(60_000))).aggregate(EMPTY, TPLUS, TMERGE, ses("s2", STR)).toStream().to("out2", OUT_SES);
      x.windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(ms(30_000), ms(60_000))).aggregate(EMPTY, TPLUS, win("s3", STR)).toStream().to("out3", outWin(30_000));
    }).rocks().cached();
  }

  private static void optimizer(Group g) {
    for (String how : new String[] {"", "-optimized"}) {
      Case c = g.dsl("rekeyed-five-ways" + how, "in other table", CALM, "re = stream(in).selectKey(word); re.flatMapValues([v, v+'!']).groupByKey(serdes).count(serdes only) → out1; re.toTable(serdes) .toStream → out2; re.leftJoin(table(table, t), PAIR, unnamed) → out3; re.join(stream(other), PAIR, difference 10 grace 5, unnamed) → out4; re.groupByKey(serdes), tumbling 10 grace 5, reduce(ADD cut, serdes only) → out5" + how, b -> {
        KStream<String, String> re = b.stream("in", IN).selectKey(WORD);
        re.flatMapValues(v -> Arrays.asList(v, v + "!")).groupByKey(GROUP).count(Materialized.with(STR, LONG)).toStream().to("out1", OUT_LONG);
        re.toTable(Materialized.with(STR, STR)).toStream().to("out2", OUT);
        re.leftJoin(b.table("table", IN, kv("t", STR)), PAIR, Joined.with(STR, STR, STR)).to("out3", OUT);
        re.join(b.stream("other", IN), PAIR, W10G5, StreamJoined.with(STR, STR, STR)).to("out4", OUT);
        re.groupByKey(GROUP).windowedBy(T10G5).reduce(TADD, Materialized.with(STR, STR)).toStream().to("out5", outWin(10));
      });
      if (!how.isEmpty()) c.optimized();
    }
    for (String how : new String[] {"", "-optimized"}) {
      Case c = g.dsl("merged-rekeyed-grouped-twice" + how, "a b", CALM, "m = stream(a).selectKey(word).merge(stream(b).map((k,v) → (word, v+'b'))); m.groupByKey(Grouped g1).count(s1) → out1; m.mapValues(v+'!').groupByKey(Grouped g2).reduce(ADD cut, s2) → out2; m.to(out3)" + how, b -> {
        KStream<String, String> m = b.stream("a", IN).selectKey(WORD).merge(b.stream("b", IN).map((k, v) -> KeyValue.pair(word(v), v + "b")));
        m.groupByKey(group("g1")).count(kv("s1", LONG)).toStream().to("out1", OUT_LONG);
        m.mapValues(v -> v + "!").groupByKey(group("g2")).reduce(TADD, kv("s2", STR)).toStream().to("out2", OUT);
        m.to("out3", OUT);
      });
      if (!how.isEmpty()) c.optimized();
    }
    for (String how : new String[] {"", "-optimized"}) {
      Case c = g.dsl("tables-reused" + how, "a b c", TABLES, "x = table(a, a); y = table(b, b); x.join(y, PAIR).toStream → out1; x.groupBy((k,v) → (word, v), Grouped g).count(s) → out2; stream(c).leftJoin(y, PAIR, j) → out3; y.filter(num even, store f).toStream.selectKey(word).groupByKey(Grouped h).count(n) → out4" + how, b -> {
        KTable<String, String> x = table(b, "a"), y = table(b, "b");
        x.join(y, PAIR).toStream().to("out1", OUT);
        x.groupBy(TableTopologies.byWord(), group("g")).count(kv("s", LONG)).toStream().to("out2", OUT_LONG);
        b.stream("c", IN).leftJoin(y, PAIR, joinedTable("j")).to("out3", OUT);
        y.filter(EVEN, kv("f", STR)).toStream().selectKey(WORD).groupByKey(group("h")).count(kv("n", LONG)).toStream().to("out4", OUT_LONG);
      });
      if (!how.isEmpty()) c.optimized();
    }
    g.dsl("branches-rekeyed", "in", CALM, "m = stream(in).selectKey(word).split 's-': even, third (num%3=0), rest; even.groupByKey(Grouped g1).count(s1) → out1; third.groupByKey(Grouped g2).count(s2) → out2; rest.mapValues(v+'r').merge(even).groupByKey(Grouped g3).count(s3) → out3", b -> {
      Map<String, KStream<String, String>> m = b.stream("in", IN).selectKey(WORD).split(Named.as("s-")).branch(EVEN, Branched.as("even")).branch((k, v) -> num(v) % 3 == 0, Branched.as("third")).defaultBranch(Branched.as("rest"));
      m.get("s-even").groupByKey(group("g1")).count(kv("s1", LONG)).toStream().to("out1", OUT_LONG);
      m.get("s-third").groupByKey(group("g2")).count(kv("s2", LONG)).toStream().to("out2", OUT_LONG);
      m.get("s-rest").mapValues(v -> v + "r").merge(m.get("s-even")).groupByKey(group("g3")).count(kv("s3", LONG)).toStream().to("out3", OUT_LONG);
    });
    g.dsl("rekey-of-rekey-optimized", "in", CALM, "topology.optimization=all; x = stream(in).selectKey(word); x.groupByKey(Grouped g1).count(s1) → out1; y = x.selectKey(k + num%2); y.groupByKey(Grouped g2).count(s2) → out2; y.mapValues(v+'!').groupByKey(Grouped g3).reduce(ADD cut, s3) → out3", b -> {
      KStream<String, String> x = b.stream("in", IN).selectKey(WORD);
      x.groupByKey(group("g1")).count(kv("s1", LONG)).toStream().to("out1", OUT_LONG);
      KStream<String, String> y = x.selectKey((k, v) -> k + num(v) % 2);
      y.groupByKey(group("g2")).count(kv("s2", LONG)).toStream().to("out2", OUT_LONG);
      y.mapValues(v -> v + "!").groupByKey(group("g3")).reduce(TADD, kv("s3", STR)).toStream().to("out3", OUT);
    }).optimized();
  }

  private static void shapes(Group g) {
    g.dsl("repartition-chain", "in", CALM, "stream(in).selectKey(word).repartition(r1).map((k,v) → (k + num%2, v + '1')).repartition(r2, 3 partitions).selectKey(word of v).groupByKey(Grouped g).reduce(ADD cut, s).toStream.repartition(r3).to(out); also from r1: filter(num even).to(out2)", b -> {
      KStream<String, String> r1 = b.stream("in", IN).selectKey(WORD).repartition(Repartitioned.with(STR, STR).withName("r1"));
      r1.map((k, v) -> KeyValue.pair(k + num(v) % 2, v + "1")).repartition(Repartitioned.with(STR, STR).withName("r2").withNumberOfPartitions(3)).selectKey(WORD).groupByKey(group("g")).reduce(TADD, kv("s", STR)).toStream()
          .repartition(Repartitioned.with(STR, STR).withName("r3")).to("out", OUT);
      r1.filter(EVEN).to("out2", OUT);
    });
    g.dsl("deep-chain", "in", CALM.empties(0.1), "24 steps: filter(not null), mapValues, peek, flatMapValues, filterNot, map, merge with itself filtered, selectKey, mapValues … named n1 …; to(out)", b -> {
      KStream<String, String> s = b.stream("in", IN).filter((k, v) -> v != null, Named.as("n0"));
      for (int i = 1; i <= 5; i++) {
        int n = i;
        s = s.mapValues(v -> v + n, Named.as("m" + i)).peek((k, v) -> { }).flatMapValues((k, v) -> num(v) % 3 == 0 ? Arrays.asList(v, k + "/" + v) : Arrays.asList(v), Named.as("f" + i)).filterNot((k, v) -> v.length() % 7 == n);
      }
      s.map((k, v) -> KeyValue.pair(v, k)).merge(s.filter(EVEN), Named.as("mg")).selectKey((k, v) -> k + "!").print(Printed.<String, String>toFile("/dev/null").withName("p"));
      s.to("out", OUT);
    });
    g.dsl("merge-with-itself", "in", CALM, "s = stream(in); s.merge(s).merge(s.mapValues(v+'!')).groupByKey(Grouped g).count(s).toStream.to(out)", b -> {
      KStream<String, String> s = b.stream("in", IN);
      s.merge(s).merge(s.mapValues(v -> v + "!")).groupByKey(group("g")).count(kv("s", LONG)).toStream().to("out", OUT_LONG);
    });
    g.dsl("sink-feeds-source", "in", CALM, "stream(in).selectKey(word).to(mid); stream(mid).groupByKey(Grouped g).count(s).toStream.to(counts); stream(counts as string, long).filter(n even).to(out)", b -> {
      b.stream("in", IN).selectKey(WORD).to("mid", OUT);
      b.stream("mid", IN).groupByKey(group("g")).count(kv("s", LONG)).toStream().to("counts", OUT_LONG);
      b.stream("counts", Consumed.with(STR, LONG)).filter((k, n) -> n % 2 == 0).to("out", OUT_LONG);
    });
    g.dsl("dynamic-windowed-topics", "in", JUMPY, "groupByKey(in), tumbling 10 grace 5, count(s).toStream.to((w, n, ctx) → 'out-' + w.start/10%3 + (headers? '-h' : ''), partitioner num of n%2=0 → none else 0)", b -> grouped(b, "in").windowedBy(T10G5).count(win("s", LONG)).toStream()
        .to((w, n, c) -> "out-" + w.window().start() / 10 % 3 + (c.headers().toArray().length > 0 ? "-h" : ""), outWinLong(10)));
    g.dsl("branch-functions-deep", "in", CALM, "split named 's-': a (num%4=0 → mapValues(v+'a').groupByKey(Grouped ga).count.toStream.mapValues text), b (num%4=1, selectKey(word)), rest; all merged, to(out)", b -> {
      Map<String, KStream<String, String>> m = b.stream("in", IN).split(Named.as("s-")).branch((k, v) -> num(v) % 4 == 0, Branched.withFunction(s -> s.mapValues(v -> v + "a").groupByKey(group("ga")).count(kv("ca", LONG)).toStream().mapValues(n -> "n" + n), "a"))
          .branch((k, v) -> num(v) % 4 == 1, Branched.withFunction(s -> s.selectKey(WORD), "b")).defaultBranch(Branched.as("rest"));
      m.get("s-a").merge(m.get("s-b")).merge(m.get("s-rest")).to("out", OUT);
    });
    g.dsl("word-count-joined-back", "in", CALM, "s = stream(in).filter(v not null); words = s.flatMapValues([word, v]).groupBy(v, Grouped words).count(counts); s.selectKey(word).join(words, v + '=' + n, j).to(out)", b -> {
      KStream<String, String> s = b.stream("in", IN).filter((k, v) -> v != null);
      KTable<String, Long> words = s.flatMapValues(v -> Arrays.asList(word(v), v)).groupBy((k, v) -> v, group("words")).count(kv("counts", LONG));
      s.selectKey(WORD).join(words, (v, n) -> v + "=" + n, Joined.with(STR, STR, LONG, "j")).to("out", OUT);
    });
    g.dsl("several-subtopologies", "a b c", CALM, "a: groupBy(word, Grouped ga).count(na) → na-out; b: selectKey(word).join(the table na, v + '=' + n, jb) → out-b; c: stream(c).map((k,v) → (word, v)).toTable(tc).join(na, v + '#' + n, store o).toStream → out-c", b -> {
      KTable<String, Long> na = b.stream("a", IN).groupBy(WORD, group("ga")).count(kv("na", LONG));
      na.toStream().to("na-out", OUT_LONG);
      b.stream("b", IN).selectKey(WORD).join(na, (v, n) -> v + "=" + n, Joined.with(STR, STR, LONG, "jb")).to("out-b", OUT);
      b.stream("c", IN).map((k, v) -> KeyValue.pair(word(v), v)).toTable(Named.as("tt"), kv("tc", STR)).join(na, (v, n) -> v + "#" + n, kv("o", STR)).toStream().to("out-c", OUT);
    });
  }
}
