import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.*;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.*;

/** Processors among the DSL, several stores in one processor, punctuations of several sub-topologies, low-level topologies, errors in deep places. */
final class MixedProcessors extends Kit {
  static String tail(String s) { return AggregateTopologies.tail(s); }
  static final Reducer<String> TADD = MixedTables.TADD;

  static void addTo(Map<String, Case> all) {
    stores(new Group(all, "mixed processors"));
    times(new Group(all, "mixed processors"));
    plain(new Group(all, "mixed processors"));
    errors(new Group(all, "mixed processors"));
  }

  private static void stores(Group g) {
    g.dsl("three-stores-one-processor", "in", JUMPY, "process with stores kv (string), w (window size 10 retention 40), se (session retention 40): null key → nothing; old = kv.get; kv.put(v); w.put(k, v, ts); se: sessions of k that end ≥ ts−5 and start ≤ ts+5 are merged with [ts, ts] (values joined by '+'); forward (k, old + ' w ' + the values of w from ts−10 to ts, joined by ',' + ' s ' + merged session start-end)", b -> {
      b.addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("kv"), STR, STR));
      b.addStateStore(Stores.windowStoreBuilder(Stores.inMemoryWindowStore("w", ms(40), ms(10), false), STR, STR));
      b.addStateStore(Stores.sessionStoreBuilder(Stores.inMemorySessionStore("se", ms(40)), STR, STR));
      b.stream("in", IN).process(Kit.<String, String, String, String>each((r, c) -> {
        if (r.key() == null) return;
        KeyValueStore<String, String> kv = c.getStateStore("kv");
        WindowStore<String, String> w = c.getStateStore("w");
        SessionStore<String, String> se = c.getStateStore("se");
        String old = kv.get(r.key());
        kv.put(r.key(), r.value());
        long ts = r.timestamp();
        w.put(r.key(), r.value(), ts);
        List<String> found = new ArrayList<>();
        try (WindowStoreIterator<String> it = w.fetch(r.key(), Math.max(0, ts - 10), ts)) {
          it.forEachRemaining(e -> found.add(e.key + "=" + e.value));
        }
        long start = ts, end = ts;
        String sum = String.valueOf(r.value());
        List<Windowed<String>> gone = new ArrayList<>();
        try (KeyValueIterator<Windowed<String>, String> it = se.findSessions(r.key(), Math.max(0, ts - 5), ts + 5)) {
          while (it.hasNext()) {
            KeyValue<Windowed<String>, String> e = it.next();
            gone.add(e.key);
            start = Math.min(start, e.key.window().start());
            end = Math.max(end, e.key.window().end());
            sum = tail(e.value + "+" + sum);
          }
        }
        gone.forEach(se::remove);
        se.put(new Windowed<>(r.key(), new org.apache.kafka.streams.kstream.internals.SessionWindow(start, end)), sum);
        c.forward(r.withValue(old + " w " + String.join(",", found) + " s " + start + "-" + end + " " + sum));
      }), "kv", "w", "se").to("out", OUT);
    });
    g.dsl("processor-reads-table", "in other", CALM, "t = table(in, t); n = groupByKey(other).count(n); stream(other).process(connected to t and n: null key → nothing, else forward v + ' t ' + (value@time of t or null) + ' n ' + count).to(out)", b -> {
      b.table("in", IN, kv("t", STR));
      KStream<String, String> other = b.stream("other", IN);
      other.groupByKey(GROUP).count(kv("n", LONG));
      other.process(Kit.<String, String, String, String>each((r, c) -> {
        if (r.key() == null) return;
        TimestampedKeyValueStore<String, String> t = c.getStateStore("t");
        TimestampedKeyValueStore<String, Long> n = c.getStateStore("n");
        ValueAndTimestamp<String> x = t.get(r.key());
        ValueAndTimestamp<Long> y = n.get(r.key());
        c.forward(r.withValue(r.value() + " t " + (x == null ? null : x.value() + "@" + x.timestamp()) + " n " + (y == null ? null : y.value() + "@" + y.timestamp())));
      }), "t", "n").to("out", OUT);
    });
    g.dsl("deduplicated-by-window-store", "in", JUMPY.keys(5), "stream(in).processValues with window store seen (size 20, retention 60): forwards only what has no row of the same value as key within the last 20 ms; then groupByKey(Grouped g).count(s).toStream.to(out)", b -> {
      b.addStateStore(Stores.windowStoreBuilder(Stores.inMemoryWindowStore("seen", ms(60), ms(20), false), STR, LONG));
      b.stream("in", IN).processValues(() -> new ContextualFixedKeyProcessor<String, String, String>() {
        public void process(FixedKeyRecord<String, String> r) {
          String id = word(r.value());
          WindowStore<String, Long> seen = context().getStateStore("seen");
          boolean fresh;
          try (WindowStoreIterator<Long> it = seen.fetch(id, Math.max(0, r.timestamp() - 20), r.timestamp())) {
            fresh = !it.hasNext();
          }
          seen.put(id, r.timestamp(), r.timestamp());
          if (fresh) context().forward(r);
        }
      }, "seen").groupByKey(group("g")).count(kv("s", LONG)).toStream().to("out", OUT_LONG);
    });
    g.dsl("headers-through-everything", "a b table", CALM, "stream(a).process(adds header p = key length or 0).leftJoin(stream(b), PAIR, difference 10 grace 5, j1).leftJoin(table(table, t), PAIR, j2).groupBy(word, Grouped g), tumbling 10 grace 20, count(s).toStream.map(text of w).process(adds header q).to(out)", b -> b.stream("a", IN)
        .process(Kit.<String, String, String, String>each((r, c) -> {
          r.headers().add("p", ("" + (r.key() == null ? 0 : r.key().length())).getBytes(StandardCharsets.UTF_8));
          c.forward(r);
        })).leftJoin(b.stream("b", IN), PAIR, JoinTopologies.W10G5, joined("j1")).leftJoin(b.table("table", IN, kv("t", STR)), PAIR, joinedTable("j2")).groupBy(WORD, group("g")).windowedBy(TimeWindows.ofSizeAndGrace(ms(10), ms(20))).count(win("s", LONG)).toStream()
        .map((w, n) -> KeyValue.pair(text(w), "n" + n)).process(Kit.<String, String, String, String>each((r, c) -> {
          r.headers().add("q", r.key().getBytes(StandardCharsets.UTF_8));
          c.forward(r);
        })).to("out", OUT));
    g.dsl("process-between-tables", "in table", CALM, "table(in, t).toStream.process(forwards (word, v + '@' + stream time), nothing for null).toTable(u).leftJoin(table(table, v), PAIR, store o).toStream.process(named end: forwards v and metadata topic, offset).to(out)", b -> b.table("in", IN, kv("t", STR)).toStream()
        .process(Kit.<String, String, String, String>each((r, c) -> {
          if (r.value() != null) c.forward(r.withKey(word(r.value())).withValue(r.value() + "@" + c.currentStreamTimeMs()));
        })).toTable(Named.as("tt"), kv("u", STR)).leftJoin(b.table("table", IN, kv("v", STR)), PAIR, kv("o", STR)).toStream().process(Kit.<String, String, String, String>each((r, c) ->
            c.forward(r.withValue(r.value() + " " + c.recordMetadata().map(m -> m.topic() + " " + m.offset()).orElse("none")))), Named.as("end")).to("out", OUT));
  }

  private static void times(Group g) {
    g.dsl("punctuations-of-two-subtopologies", "in", JUMPY.clock(0.25, 25), "stream(in).selectKey(word).process(stream time every 10: ('a', 'a ' + time), wall clock every 15: ('b', 'b ' + time); forwards records too).repartition(r).process(stream time every 7: ('c', 'c ' + time + ' ' + stream time); forwards too).to(out)", b -> b.stream("in", IN).selectKey(WORD)
        .process(ticking("a", 10, "b", 15)).repartition(Repartitioned.with(STR, STR).withName("r")).process(ticking("c", 7, null, 0)).to("out", OUT));
    g.dsl("punctuations-into-windows", "in", CALM.clock(0.25, 25), "stream(in).process(as before: a every 10 of stream time, b every 15 of wall clock; forwards too).groupByKey(Grouped g), session gap 5 grace 10, count(s), suppress until window closes.toStream.to(out)", b -> b.stream("in", IN).process(ticking("a", 10, "b", 15)).groupByKey(group("g"))
        .windowedBy(WindowTopologies.SE).count(ses("s", LONG).withRetention(ms(1000))).suppress(SuppressTopologies.fin()).toStream().to("out", OUT_SES_LONG));
    g.dsl("extractor-of-two-topics", "a b", JUMPY, "stream(a, b with extractor: num%4=0 → partition time, num%4=1 → −1 (dropped), else the record's).groupByKey(Grouped g), hopping 10 advance 5 grace 3, count(s).toStream.to(out)", b -> b.stream(List.of("a", "b"), Consumed.with(STR, STR).withTimestampExtractor((r, pt) -> {
      long n = num((String) r.value()) % 4;
      return n == 0 ? pt : n == 1 ? -1 : r.timestamp();
    })).groupByKey(group("g")).windowedBy(TimeWindows.ofSizeAndGrace(ms(10), ms(3)).advanceBy(ms(5))).count(win("s", LONG)).toStream().to("out", outWinLong(10)));
    g.dsl("anchored-with-table", "in", JUMPY.clock(0.3, 25), "t = groupByKey(in).count(t); stream(in).process(connected to t; wall clock start 20 every 20: for each row in order forward (k, 'n' + n, timestamp of the row)); to(out)", b -> {
      KStream<String, String> s = b.stream("in", IN);
      s.groupByKey(GROUP).count(kv("t", LONG));
      s.process(() -> new ContextualProcessor<String, String, String, String>() {
        public void init(ProcessorContext<String, String> c) {
          super.init(c);
          c.schedule(Instant.ofEpochMilli(20), ms(20), PunctuationType.WALL_CLOCK_TIME, time -> {
            TimestampedKeyValueStore<String, Long> t = c.getStateStore("t");
            try (KeyValueIterator<String, ValueAndTimestamp<Long>> it = t.all()) {
              it.forEachRemaining(e -> c.forward(new Record<>(e.key, "n" + e.value.value(), e.value.timestamp())));
            }
          });
        }
        public void process(Record<String, String> r) { }
      }, "t").to("out", OUT);
    });
  }

  /** Forwards what comes, and ticks: `stream` every `m` of stream time, `wall` every `n` of wall clock. */
  static ProcessorSupplier<String, String, String, String> ticking(String stream, long m, String wall, long n) {
    return () -> new ContextualProcessor<>() {
      public void init(ProcessorContext<String, String> c) {
        super.init(c);
        c.schedule(ms(m), PunctuationType.STREAM_TIME, t -> c.forward(new Record<>(stream, stream + " " + t + " " + c.currentStreamTimeMs(), Math.max(0, t))));
        if (wall != null) c.schedule(ms(n), PunctuationType.WALL_CLOCK_TIME, t -> c.forward(new Record<>(wall, wall + " " + t, t)));
      }
      public void process(Record<String, String> r) { context().forward(r); }
    };
  }

  private static ProcessorSupplier<String, String, String, String> counting(String store, String mark) {
    return Kit.<String, String, String, String>each((r, c) -> {
      KeyValueStore<String, Long> n = c.getStateStore(store);
      if (r.key() == null) return;
      Long before = n.get(r.key());
      n.put(r.key(), before == null ? 1L : before + 1);
      c.forward(r.withValue(r.value() + mark + n.get(r.key())));
    });
  }

  private static void plain(Group g) {
    StringDeserializer d = new StringDeserializer();
    StringSerializer s = new StringSerializer();
    g.papi("low-level-network", "a b c", CALM.clock(0.15, 25), "no DSL: sa(a), sb(b), sc(c); p1(sa, sb; store n: count) → p2 (forwards even to p3, odd to sink k2(odd), all others both) … see the Java; wall clock every 10 in p3 forwards ('t', time)", t -> t
        .addSource("sa", d, d, "a").addSource("sb", d, d, "b").addSource("sc", d, d, "c")
        .addProcessor("p1", counting("n", "#"), "sa", "sb")
        .addProcessor("p2", Kit.<String, String, String, String>each((r, c) -> {
          if (num(r.value()) % 3 == 0) c.forward(r);
          else c.forward(r.withValue(r.value() + "-2"), num(r.value()) % 2 == 0 ? "p3" : "k2");
        }), "p1", "sc")
        .addProcessor("p3", ticking("x", 10, "t", 10), "p2")
        .addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("n"), STR, LONG), "p1")
        .addSink("k2", "odd", s, s, "p2").addSink("k1", "out", s, s, "p1", "p3")
        .addSink("k3", (k, v, c) -> "dyn-" + (c.timestamp() % 2), s, s, (topic, k, v, n) -> num(v) % 5 == 0 ? Optional.of(Set.of()) : Optional.empty(), "p3"));
    g.papi("low-level-through-topic", "in", CALM, "no DSL: s1(in) → p1 (key := word, '+1') → k1(mid); s2(mid) → p2 (store n: count, forwards) → k2(out), k3(mid2); s3(mid2, in2 none) → p3 → k4(out2)", t -> t
        .addSource("s1", d, d, "in").addProcessor("p1", Kit.<String, String, String, String>each((r, c) -> c.forward(r.withKey(word(r.value())).withValue(r.value() + "+1"))), "s1").addSink("k1", "mid", s, s, "p1")
        .addSource("s2", d, d, "mid").addProcessor("p2", counting("n", "#"), "s2").addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("n"), STR, LONG), "p2").addSink("k2", "out", s, s, "p2").addSink("k3", "mid2", s, s, "p2")
        .addSource("s3", d, d, "mid2").addProcessor("p3", Kit.<String, String, String, String>each((r, c) -> c.forward(r.withValue(r.value() + " " + c.recordMetadata().get().offset()))), "s3").addSink("k4", "out2", s, s, "p3"));
    g.papi("low-level-shared-store", "a b", CALM, "no DSL: sa(a) → pa (n: count, no forward) ; sb(b) → pb (n: read, forwards v + '/' + n) → k(out); pc child of pb connected to n: deletes n for even numbers, forwards to k2(gone)", t -> t
        .addSource("sa", d, d, "a").addSource("sb", d, d, "b").addProcessor("pa", counting("n", "#"), "sa").addProcessor("pb", Kit.<String, String, String, String>each((r, c) -> {
          KeyValueStore<String, Long> n = c.getStateStore("n");
          c.forward(r.withValue(r.value() + "/" + (r.key() == null ? null : n.get(r.key()))));
        }), "sb").addSink("k", "out", s, s, "pb").addProcessor("pc", Kit.<String, String, String, String>each((r, c) -> {
          KeyValueStore<String, Long> n = c.getStateStore("n");
          if (r.key() != null && num(r.value()) % 2 == 0) c.forward(r.withValue("gone " + n.delete(r.key())));
        }), "pb").addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("n"), STR, LONG), "pa", "pb").connectProcessorAndStateStores("pc", "n").addSink("k2", "gone", s, s, "pc"));
    g.papi("low-level-global-and-read-only", "in ta tb", CALM, "no DSL: global store g(tb): put(k, v + 'g'); read-only store ro(ta): put; src(in) → p: forward v + '/' + ro.get(k) + '/' + g.get(k) → sink(out)", t -> {
      t.addGlobalStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("g"), STR, STR).withLoggingDisabled(), "g-src", d, d, "tb", "g-proc", Kit.<String, String, Void, Void>each((r, c) -> {
        KeyValueStore<String, String> g1 = c.getStateStore("g");
        if (r.key() != null) g1.put(r.key(), r.value() == null ? null : r.value() + "g");
      }));
      t.addReadOnlyStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("ro"), STR, STR).withLoggingDisabled(), "ro-src", d, d, "ta", "ro-proc", Kit.<String, String, Void, Void>each((r, c) -> {
        KeyValueStore<String, String> ro = c.getStateStore("ro");
        if (r.key() != null) ro.put(r.key(), r.value());
      }));
      t.addSource("src", d, d, "in").addProcessor("p", Kit.<String, String, String, String>each((r, c) -> {
        KeyValueStore<String, String> ro = c.getStateStore("ro"), gl = c.getStateStore("g");
        c.forward(r.withValue(r.value() + "/" + (r.key() == null ? null : ro.get(r.key())) + "/" + (r.key() == null ? null : gl.get(r.key()))));
      }), "src").connectProcessorAndStateStores("p", "ro").addSink("sink", "out", s, s, "p");
    });
  }

  private static String fail(String v, long n) {
    if (v != null && num(v) > 0 && num(v) % n == 0) throw new IllegalStateException("no " + v);
    return v;
  }

  private static Case goesOn(Case c) {
    return c.with(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG, LogAndContinueProcessingExceptionHandler.class);
  }

  private static void errors(Group g) {
    goesOn(g.dsl("failing-aggregator", "in", CALM, "processing handler continues: groupBy(word, Grouped g).aggregate('0', throws when num > 0 and num%4=0 else PLUS cut, s).toStream.to(out)", b -> b.stream("in", IN).groupBy(WORD, group("g")).aggregate(EMPTY, (k, v, a) -> tail(a + "+" + fail(v, 4)), kv("s", STR)).toStream().to("out", OUT)));
    goesOn(g.dsl("failing-windowed", "in", JUMPY, "processing handler continues: groupByKey(in), hopping 10 advance 5 grace 5, aggregate('0', throws when num%4=0 else PLUS cut, s).mapValues(throws when num%3=0 of the last piece…: when length%5=0).toStream.to(out)", b -> b.stream("in", IN).groupByKey(GROUP).windowedBy(WindowTopologies.T10G5.advanceBy(ms(5)))
        .aggregate(EMPTY, (k, v, a) -> tail(a + "+" + fail(v, 4)), win("s", STR)).mapValues(v -> {
          if (v.length() % 5 == 0) throw new IllegalStateException("five");
          return v;
        }).toStream().to("out", outWin(10))));
    goesOn(g.dsl("failing-joiners", "left right table", CALM, "processing handler continues: stream(left).outerJoin(stream(right), PAIR but throws when num(l)%4=0, difference 10 grace 5, j1).leftJoin(table(table, t), PAIR but throws when num(r)%5=0, j2).to(out)", b -> b.stream("left", IN)
        .outerJoin(b.stream("right", IN), (l, r) -> fail(l, 4) + "&" + r, JoinTopologies.W10G5, joined("j1")).leftJoin(b.table("table", IN, kv("t", STR)), (l, r) -> l + "&" + fail(r, 5), joinedTable("j2")).to("out", OUT)));
    goesOn(g.dsl("failing-table-steps", "a b", TABLES, "processing handler continues: table(a, a).filter(throws when num%5=0, else num even).mapValues(v+'!').leftJoin(table(b, b), PAIR but throws when num(r)%4=0, store o).groupBy(throws when length%6=0 else (word, v), Grouped g).aggregate('0', PLUS, MINUS cut, s).toStream.to(out)", b -> MixedTables.table(b, "a")
        .filter((k, v) -> num(fail(v, 5)) % 2 == 0).mapValues(v -> v + "!").leftJoin(MixedTables.table(b, "b"), (l, r) -> l + "&" + fail(r, 4), kv("o", STR)).groupBy((k, v) -> {
          if (v.length() % 6 == 0) throw new IllegalStateException("six");
          return KeyValue.pair(word(v), v);
        }, group("g")).aggregate(EMPTY, MixedTables.TPLUS, MixedTables.TMINUS, kv("s", STR)).toStream().to("out", OUT)));
    goesOn(g.dsl("failing-foreign-key", "a b", TABLES, "processing handler continues: table(a, a).leftJoin(table(b, b), FK := throws when num%4=0 else 'k' + num%4, PAIR but throws when num(r)%5=0, fk, store o).toStream.to(out)", b -> MixedTables.table(b, "a")
        .leftJoin(MixedTables.table(b, "b"), v -> "k" + num(fail(v, 4)) % 4, (l, r) -> l + "&" + fail(r, 5), TableJoined.as("fk"), kv("o", STR)).toStream().to("out", OUT)));
    goesOn(g.dsl("failing-punctuation", "in", CALM.clock(0.25, 25), "processing handler continues, dead letter topic dlq: stream(in).process(stream time every 10 and wall clock every 10: forward (time), or throw when time/10 is odd; forwards records) .mapValues(throws when num%4=0).to(out)", b -> b.stream("in", IN).process(() -> new ContextualProcessor<String, String, String, String>() {
      public void init(ProcessorContext<String, String> c) {
        super.init(c);
        for (PunctuationType type : new PunctuationType[] {PunctuationType.STREAM_TIME, PunctuationType.WALL_CLOCK_TIME}) {
          c.schedule(ms(10), type, t -> {
            if (t / 10 % 2 == 1) throw new IllegalStateException("odd");
            c.forward(new Record<>("p", "p" + t / 10, Math.max(0, t)));
          });
        }
      }
      public void process(Record<String, String> r) { context().forward(r); }
    }).mapValues(v -> fail(v, 4)).to("out", OUT))).with(StreamsConfig.ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG, "dlq");
    goesOn(g.dsl("failing-cached", "in", CALM, "record caches on, processing handler continues: groupByKey(in).count(s).mapValues(throws when n%3=0 else 'n' + n).toStream.to(out)", b -> b.stream("in", IN).groupByKey(GROUP).count(kv("s", LONG)).mapValues(n -> {
      if (n % 3 == 0) throw new IllegalStateException("three");
      return "n" + n;
    }).toStream().to("out", OUT))).cached();
    goesOn(g.dsl("failing-suppressed", "in", JUMPY, "processing handler continues: tumbling 10 grace 5 count(s), suppress until window closes, mapValues(throws when n%2=0 else n).toStream.to(out)", b -> b.stream("in", IN).groupByKey(GROUP).windowedBy(WindowTopologies.T10G5).count(win("s", LONG)).suppress(SuppressTopologies.fin()).mapValues(n -> {
      if (n % 2 == 0) throw new IllegalStateException("even");
      return n;
    }).toStream().to("out", outWinLong(10))));
    goesOn(g.dsl("failing-select-key", "in", CALM, "processing handler continues: stream(in).mapValues(num as text, null → null).to(early); selectKey(throws when num%6=0, else v + k; null key stays).filter(key not null).groupByKey(Grouped g).count(s).toStream.to(out)", b -> {
      KStream<String, String> s = b.stream("in", IN);
      s.mapValues(v -> v == null ? null : "" + num(v)).to("early", OUT);
      s.selectKey((k, v) -> k == null ? null : fail(v, 6) + k).filter((k, v) -> k != null).groupByKey(group("g")).count(kv("s", LONG)).toStream().to("out", OUT_LONG);
    }));
  }
}
