import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;

/**
 * The baseline: Kafka Streams (JVM), the generator of inputs, and the digests of outputs. See ../README.md.
 *   Bench generate WORKLOAD|all [COUNT]      deterministic input, 4 partitions, no compression
 *   Bench run WORKLOAD [options]             one catch-up run over the closed backlog, one JSON line
 *   Bench verify WORKLOAD [TOPIC]            digest of an output topic, one JSON line
 *   Bench expect WORKLOAD                    the same digest computed from the input by plain code, without Kafka Streams
 *   Bench produce COUNT | consume TOPIC      plain Java clients on the same topics
 * Environment: BOOTSTRAP (127.0.0.1:9092), BROKER_PID (optional: also report broker CPU),
 * BENCH_PREFIX (topic name prefix, for a second, smaller data set), BENCH_TABLE_ROWS (enrich).
 */
public class Bench {
  static final String BOOTSTRAP = System.getenv().getOrDefault("BOOTSTRAP", "127.0.0.1:9092");
  static final int PARTITIONS = 4;
  static final long T0 = 1_767_225_600_000L;          // event time of record 0: 2026-01-01T00:00:00Z
  static final int KEYS = 1_000_000;                   // events and auctions
  static final int TABLE_ROWS = Integer.parseInt(System.getenv().getOrDefault("BENCH_TABLE_ROWS", "1000000"));
  static final String PREFIX = System.getenv().getOrDefault("BENCH_PREFIX", "");   // of every input and output topic
  static final int WORDS_PER_LINE = 12, DICTIONARY = 5_000, SENSORS = 10_000;
  static final Map<String, Long> DEFAULT_COUNT = new LinkedHashMap<>();
  static {
    DEFAULT_COUNT.put("passthrough", 8_000_000L);      // in-bids, shared by filter and map
    DEFAULT_COUNT.put("wordcount", 400_000L);          // lines of 12 words
    DEFAULT_COUNT.put("keyed-count", 3_000_000L);
    DEFAULT_COUNT.put("windowed", 3_000_000L);
    DEFAULT_COUNT.put("enrich", 1_500_000L);           // bids, plus a table of 1 M rows
    DEFAULT_COUNT.put("join", 1_000_000L);             // half persons, half sales
  }
  static List<String> inputs(String w) { return names(w).stream().map(t -> PREFIX + t).toList(); }
  static List<String> names(String w) {
    return switch (w) {
      case "passthrough", "filter", "map" -> List.of("in-bids");
      case "wordcount" -> List.of("in-lines");
      case "keyed-count" -> List.of("in-events");
      case "windowed" -> List.of("in-readings");
      case "enrich" -> List.of("in-enrich-auctions", "in-enrich-bids");
      case "join" -> List.of("in-join-persons", "in-join-sales");
      default -> throw new IllegalArgumentException("unknown workload " + w);
    };
  }
  /** true: the output is a changelog (compare the last value per key); false: compare as a multiset. */
  static boolean isTable(String w) { return w.equals("wordcount") || w.equals("keyed-count") || w.equals("windowed"); }

  public static void main(String[] a) throws Exception {
    switch (a.length == 0 ? "" : a[0]) {
      case "generate" -> {
        List<String> ws = a[1].equals("all") ? new ArrayList<>(DEFAULT_COUNT.keySet()) : List.of(a[1]);
        for (String w : ws) {
          String base = w.equals("filter") || w.equals("map") ? "passthrough" : w;
          generate(base, a.length > 2 ? Long.parseLong(a[2]) : DEFAULT_COUNT.get(base));
        }
      }
      case "run" -> run(a[1], Arrays.asList(a).subList(2, a.length));
      case "verify" -> verify(a[1], a.length > 2 ? a[2] : PREFIX + "out-" + a[1]);
      case "expect" -> expect(a[1]);
      case "produce" -> rawProduce(Long.parseLong(a[1]));
      case "consume" -> rawConsume(a[1]);
      default -> { System.err.println("usage: Bench generate|run|verify|expect|produce|consume ..."); System.exit(2); }
    }
  }

  // ---------------------------------------------------------------- input
  static final class Rng {                             // splitmix64
    long s; Rng(long seed) { s = seed; }
    long next() { long z = (s += 0x9E3779B97F4A7C15L); z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L; z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL; return z ^ (z >>> 31); }
    double unit() { return (next() >>> 11) * 0x1.0p-53; }
    int below(int n) { return (int) ((next() >>> 33) % n); }
  }
  static final class Zipf {
    final double[] cdf;
    Zipf(int n, double s) { cdf = new double[n]; double t = 0; for (int i = 0; i < n; i++) cdf[i] = t += 1 / StrictMath.pow(i + 1, s); for (int i = 0; i < n; i++) cdf[i] /= t; }
    int next(Rng r) {                                  // ranks scattered over the id space
      int i = Arrays.binarySearch(cdf, r.unit()); if (i < 0) i = -i - 1; if (i >= cdf.length) i = cdf.length - 1;
      return (int) ((i * 611_953L + 12_345) % cdf.length);
    }
  }
  static byte[] utf8(CharSequence s) { return s.toString().getBytes(StandardCharsets.ISO_8859_1); }
  static String pad(long n, int w) { String s = Long.toString(n); return s.length() >= w ? s : "0".repeat(w - s.length()) + s; }
  static String letters(Rng r, int n) { char[] c = new char[n]; for (int i = 0; i < n; i++) c[i] = (char) ('a' + r.below(26)); return new String(c); }

  interface Gen { void at(long i, Emit e); }
  interface Emit { void send(String topic, Integer partition, long ts, byte[] key, byte[] value); }

  static Gen generator(String w) {
    switch (w) {
      case "passthrough": return bids("in-bids");
      case "wordcount": {
        Rng d = new Rng(3); String[] dict = new String[DICTIONARY];
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < DICTIONARY; ) { String s = letters(d, 7); if (seen.add(s)) dict[i++] = s; }
        Rng r = new Rng(33);
        return (i, e) -> {
          StringBuilder b = new StringBuilder(96);
          for (int k = 0; k < WORDS_PER_LINE; k++) { if (k > 0) b.append(' '); b.append(dict[r.below(DICTIONARY)]); }
          e.send("in-lines", (int) (i % PARTITIONS), T0 + i / 100, null, utf8(b));
        };
      }
      case "keyed-count": {
        Rng r = new Rng(4); Zipf z = new Zipf(KEYS, 0.99);
        String[] types = {"view", "click", "cart", "order"};
        return (i, e) -> {
          int id = z.next(r);
          String v = "{\"type\":\"" + types[r.below(4)] + "\",\"page\":\"p-" + pad(r.below(100_000), 5) + "\",\"amount\":" + r.below(100_000)
            + ",\"session\":" + (1_000_000 + r.below(9_000_000)) + ",\"ts\":" + (T0 + i / 100) + "}";
          e.send("in-events", null, T0 + i / 100, utf8("user-" + pad(id, 9)), utf8(v));
        };
      }
      case "windowed": {
        Rng r = new Rng(5);
        return (i, e) -> {
          long ts = T0 + (i / SENSORS) * 1000 + (i % SENSORS) / 10;      // every sensor once per second, in order
          String id = "s_" + (i % SENSORS);
          e.send("in-readings", null, ts, utf8(id), utf8("{\"identifier\":\"" + id + "\",\"timestamp\":" + ts + ",\"valueInW\":" + r.below(1000) + "}"));
        };
      }
      case "enrich": {
        Rng r = new Rng(7); Gen bids = bids("in-enrich-bids"); long[] made = {0};
        return (i, e) -> {
          if (made[0] == 0) {
            made[0] = 1;
            String filler = letters(new Rng(77), 400);
            for (int id = 0; id < TABLE_ROWS; id++) {
              int off = r.below(40);
              String v = "{\"id\":" + id + ",\"itemName\":\"" + letters(r, 12) + "\",\"description\":\"" + filler.substring(off, off + 330)
                + "\",\"initialBid\":" + r.below(1000) + ",\"reserve\":" + (1000 + r.below(1000)) + ",\"seller\":" + r.below(100_000)
                + ",\"category\":" + (10 + r.below(5)) + ",\"expires\":" + (T0 + r.below(1_000_000)) + "}";
              e.send("in-enrich-auctions", null, T0 - 3_600_000 + id / 1000, utf8(pad(id, 8)), utf8(v));
            }
          }
          bids.at(i, e);
        };
      }
      case "join": {
        Rng r = new Rng(8);
        return (i, e) -> {
          long n = i / 2, ts = T0 + n;                                    // 1000 persons and 1000 sales per second of event time
          if (i % 2 == 0) {
            e.send("in-join-persons", null, ts, utf8(pad(n, 10)), utf8("{\"id\":" + n + ",\"name\":\"" + letters(r, 10) + "\",\"city\":\"" + letters(r, 8) + "\",\"state\":\"" + letters(r, 2) + "\",\"ts\":" + ts + "}"));
          } else {
            // 90 %: a person of the last 5 s (one match); 10 %: a person 20 s old (no match)
            long p = r.below(10) < 9 ? Math.max(0, n - r.below(5_000)) : Math.max(0, n - 20_000);
            e.send("in-join-sales", null, ts, utf8(pad(p, 10)), utf8("{\"id\":" + n + ",\"seller\":" + p + ",\"item\":\"" + letters(r, 12) + "\",\"reserve\":" + r.below(10_000) + ",\"ts\":" + ts + "}"));
          }
        };
      }
      default: throw new IllegalArgumentException(w);
    }
  }
  static Gen bids(String topic) {
    Rng r = new Rng(1); Zipf z = new Zipf(KEYS, 0.99); String[] channels = {"apple", "google", "facebook", "baidu"};
    return (i, e) -> {
      int id = z.next(r);
      String v = "{\"auction\":" + id + ",\"bidder\":" + r.below(100_000) + ",\"price\":" + (100 + r.below(1_000_000))
        + ",\"channel\":\"" + channels[r.below(4)] + "\",\"dateTime\":" + (T0 + i / 100) + ",\"extra\":\"" + letters(r, 8) + "\"}";
      e.send(topic, null, T0 + i / 100, utf8(pad(id, 8)), utf8(v));
    };
  }

  static void generate(String w, long count) throws Exception {
    for (String t : inputs(w)) recreate(t);
    long t0 = System.nanoTime(); long[] n = {0, 0};
    try (KafkaProducer<byte[], byte[]> p = producer(Map.of())) {
      Gen g = generator(w);
      Emit e = (topic, part, ts, k, v) -> { p.send(new ProducerRecord<>(PREFIX + topic, part, ts, k, v), (m, x) -> { if (x != null) { x.printStackTrace(); System.exit(1); } }); n[0]++; n[1] += (k == null ? 0 : k.length) + v.length; };
      for (long i = 0; i < count; i++) g.at(i, e);
      p.flush();
    }
    System.out.printf("{\"generate\":\"%s\",\"topics\":\"%s\",\"records\":%d,\"avgBytes\":%.1f,\"seconds\":%.1f}%n", w, inputs(w), n[0], (double) n[1] / n[0], (System.nanoTime() - t0) / 1e9);
  }
  static KafkaProducer<byte[], byte[]> producer(Map<String, Object> more) {
    Map<String, Object> c = new HashMap<>(Map.of("bootstrap.servers", BOOTSTRAP, "acks", "all", "enable.idempotence", true, "batch.size", 16_384, "linger.ms", 100, "compression.type", "none", "buffer.memory", 67_108_864L));
    c.putAll(more);
    return new KafkaProducer<>(c, new ByteArraySerializer(), new ByteArraySerializer());
  }
  static void recreate(String topic) throws Exception {
    try (Admin ad = Admin.create(Map.of("bootstrap.servers", BOOTSTRAP))) {
      if (ad.listTopics().names().get().contains(topic)) ad.deleteTopics(List.of(topic)).all().get();
      for (int i = 0; ; i++) {
        try {
          ad.createTopics(List.of(new NewTopic(topic, PARTITIONS, (short) 1).configs(Map.of(TopicConfig.RETENTION_MS_CONFIG, "-1", TopicConfig.RETENTION_BYTES_CONFIG, "-1")))).all().get();
          return;
        } catch (ExecutionException x) { if (!(x.getCause() instanceof TopicExistsException) || i > 100) throw x; Thread.sleep(100); }
      }
    }
  }
  static long endOffsets(Admin ad, Collection<String> topics) throws Exception {
    Map<TopicPartition, OffsetSpec> q = new HashMap<>();
    for (String t : topics) for (int p = 0; p < PARTITIONS; p++) q.put(new TopicPartition(t, p), OffsetSpec.latest());
    return ad.listOffsets(q).all().get().values().stream().mapToLong(r -> r.offset()).sum();
  }

  // ---------------------------------------------------------------- topologies, as an ordinary user writes them
  public static class Bid { public long auction, bidder, price; public String channel; public long dateTime; public String extra; }
  public static class AuctionPrice { public long auction, price; public AuctionPrice() {} AuctionPrice(long a, long p) { auction = a; price = p; } }
  public static class Event { public String type, page; public long amount, session, ts; }
  public static class Reading { public String identifier; public long timestamp, valueInW; }
  public static class Stats { public long count, sum, min = Long.MAX_VALUE, max = Long.MIN_VALUE;
    Stats add(Reading r) { count++; sum += r.valueInW; min = Math.min(min, r.valueInW); max = Math.max(max, r.valueInW); return this; } }
  public static class Auction { public long id; public String itemName, description; public long initialBid, reserve, seller, category, expires; }
  public static class Enriched { public long auction, bidder, price; public String itemName; public long seller, category; }
  public static class Person { public long id; public String name, city, state; public long ts; }
  public static class Sale { public long id, seller; public String item; public long reserve, ts; }
  public static class Match { public long person; public String name; public long sale, reserve; }

  static final ObjectMapper JSON = new ObjectMapper();
  static <T> Serde<T> json(Class<T> c) {
    return Serdes.serdeFrom(
      (t, v) -> { try { return v == null ? null : JSON.writeValueAsBytes(v); } catch (Exception e) { throw new SerializationException(e); } },
      (t, b) -> { try { return b == null ? null : JSON.readValue(b, c); } catch (Exception e) { throw new SerializationException(e); } });
  }

  static void topology(StreamsBuilder b, String w, String out) {
    Serde<String> str = Serdes.String();
    switch (w) {
      case "passthrough" -> b.stream(PREFIX + "in-bids", Consumed.with(Serdes.ByteArray(), Serdes.ByteArray())).to(out, Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
      case "filter" -> b.stream(PREFIX + "in-bids", Consumed.with(str, json(Bid.class)))
        .filter((k, v) -> v.auction % 123 == 0).mapValues(v -> new AuctionPrice(v.auction, v.price))
        .to(out, Produced.with(str, json(AuctionPrice.class)));
      case "map" -> b.stream(PREFIX + "in-bids", Consumed.with(str, json(Bid.class)))
        .mapValues(v -> { Bid o = new Bid(); o.auction = v.auction; o.bidder = v.bidder; o.price = v.price * 908 / 1000; o.channel = v.channel; o.dateTime = v.dateTime; o.extra = v.extra; return o; })
        .to(out, Produced.with(str, json(Bid.class)));
      case "wordcount" -> b.stream(PREFIX + "in-lines", Consumed.with(Serdes.ByteArray(), str))
        .flatMapValues(l -> Arrays.asList(l.split(" ")))
        .groupBy((k, word) -> word, Grouped.with(str, str)).count()
        .toStream().to(out, Produced.with(str, Serdes.Long()));
      case "keyed-count" -> b.stream(PREFIX + "in-events", Consumed.with(str, json(Event.class)))
        .filter((k, v) -> !v.type.equals("view")).groupByKey().count()
        .toStream().to(out, Produced.with(str, Serdes.Long()));
      case "windowed" -> b.stream(PREFIX + "in-readings", Consumed.with(str, json(Reading.class)))
        .groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1)))
        .aggregate(Stats::new, (k, v, s) -> s.add(v), Materialized.with(str, json(Stats.class)))
        .toStream((k, v) -> k.key() + "@" + k.window().start()).to(out, Produced.with(str, json(Stats.class)));
      case "enrich" -> {
        KTable<String, Auction> auctions = b.table(PREFIX + "in-enrich-auctions", Consumed.with(str, json(Auction.class)));
        b.stream(PREFIX + "in-enrich-bids", Consumed.with(str, json(Bid.class)))
          .join(auctions, (v, t) -> { Enriched e = new Enriched(); e.auction = v.auction; e.bidder = v.bidder; e.price = v.price; e.itemName = t.itemName; e.seller = t.seller; e.category = t.category; return e; },
            Joined.with(str, json(Bid.class), json(Auction.class)))
          .filter((k, v) -> v.category == 10).to(out, Produced.with(str, json(Enriched.class)));
      }
      case "join" -> {
        KStream<String, Sale> sales = b.stream(PREFIX + "in-join-sales", Consumed.with(str, json(Sale.class)));
        b.stream(PREFIX + "in-join-persons", Consumed.with(str, json(Person.class)))
          .join(sales, (p, s) -> { Match m = new Match(); m.person = p.id; m.name = p.name; m.sale = s.id; m.reserve = s.reserve; return m; },
            JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofSeconds(10)), StreamJoined.with(str, json(Person.class), json(Sale.class)))
          .to(out, Produced.with(str, json(Match.class)));
      }
      default -> throw new IllegalArgumentException(w);
    }
  }

  // ---------------------------------------------------------------- run
  static long cpu() { return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime(); }
  static long brokerCpu() {
    String pid = System.getenv("BROKER_PID"); if (pid == null) return -1;
    try { String s = Files.readString(Path.of("/proc/" + pid + "/stat")); String[] f = s.substring(s.lastIndexOf(')') + 2).split(" "); return (Long.parseLong(f[11]) + Long.parseLong(f[12])) * 10_000_000L; } catch (Exception e) { return -1; }
  }
  static long peakRssKb() throws Exception { for (String l : Files.readAllLines(Path.of("/proc/self/status"))) if (l.startsWith("VmHWM")) return Long.parseLong(l.replaceAll("\\D", "")); return 0; }
  /** CPU per kind of thread, ns, from /proc/self/task. */
  static Map<String, Long> threads() throws Exception {
    Map<String, Long> m = new TreeMap<>();
    try (DirectoryStream<Path> ds = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
      for (Path p : ds) try {
        String s = Files.readString(p.resolve("stat")); int e = s.lastIndexOf(')'); String n = s.substring(s.indexOf('(') + 1, e); String[] f = s.substring(e + 2).split(" ");
        String k = n.startsWith("bench-") ? "stream" : n.startsWith("kafka-producer") ? "producer" : n.matches("(GC|G1|Par|VM Thread).*") ? "gc" : n.matches("C[12] Comp.*") ? "jit" : n.startsWith("rocksdb") ? "rocksdb" : n.equals("main") || n.equals("java") ? "harness" : "other";
        m.merge(k, (Long.parseLong(f[11]) + Long.parseLong(f[12])) * 10_000_000L, Long::sum);
      } catch (java.io.IOException x) { /* ended meanwhile */ }
    }
    return m;
  }
  static void run(String w, List<String> opts) throws Exception {
    String out = PREFIX + "out-" + w, store = "rocksdb"; boolean eos = false, tuned = false; Long cache = null; String label = ""; Integer commit = null; boolean optimize = false;
    for (int i = 0; i < opts.size(); i++) switch (opts.get(i)) {
      case "--eos" -> eos = true;
      case "--tuned" -> tuned = true;
      case "--cache" -> cache = Long.parseLong(opts.get(++i));
      case "--commit" -> commit = Integer.parseInt(opts.get(++i));
      case "--in-memory" -> store = "in-memory";
      case "--optimize" -> optimize = true;
      case "--out" -> out = opts.get(++i);
      case "--label" -> label = opts.get(++i);
      default -> throw new IllegalArgumentException(opts.get(i));
    }
    recreate(out);
    String app = "bench-" + w + "-" + System.currentTimeMillis();
    Path dir = Files.createTempDirectory("bench-state");
    Properties c = new Properties();
    c.put(StreamsConfig.APPLICATION_ID_CONFIG, app);
    c.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, BOOTSTRAP);
    c.put(StreamsConfig.STATE_DIR_CONFIG, dir.toString());
    c.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    c.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    if (eos) c.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);   // commit interval then defaults to 100 ms
    if (commit != null) c.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, commit);
    if (store.equals("in-memory")) c.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG, BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers.class);
    if (optimize) c.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    if (tuned) {
      if (cache == null) cache = 512L << 20;
      c.put(StreamsConfig.producerPrefix("batch.size"), 262_144);
      c.put(StreamsConfig.producerPrefix("buffer.memory"), 134_217_728L);
      c.put(StreamsConfig.consumerPrefix("max.poll.records"), 10_000);
      c.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 10_000);
    }
    if (cache != null) c.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, cache);
    long input;
    try (Admin ad = Admin.create(Map.of("bootstrap.servers", BOOTSTRAP))) { input = endOffsets(ad, inputs(w)); }
    long expected = w.equals("wordcount") ? input * (1 + WORDS_PER_LINE) : input;
    StreamsBuilder b = new StreamsBuilder();
    topology(b, w, out);
    KafkaStreams ks = new KafkaStreams(b.build(c), c);
    CountDownLatch running = new CountDownLatch(1); long[] start = new long[3];
    ks.setStateListener((now, old) -> {
      if (now == KafkaStreams.State.RUNNING && running.getCount() > 0) { start[0] = System.nanoTime(); start[1] = cpu(); start[2] = brokerCpu(); running.countDown(); }
      if (now == KafkaStreams.State.ERROR) { System.err.println("ERROR state"); System.exit(1); }
    });
    ks.start();
    running.await();
    Map<String, Long> th0 = threads();
    List<Metric> process = new ArrayList<>();
    for (Map.Entry<MetricName, ? extends Metric> e : ks.metrics().entrySet())
      if (e.getKey().name().equals("process-total") && e.getKey().group().equals("stream-thread-metrics")) process.add(e.getValue());
    if (process.size() != 1) throw new IllegalStateException("process-total: " + process.size());
    long[] half = null;
    for (;;) {
      long done = ((Number) process.get(0).metricValue()).longValue();
      if (half == null && done >= expected / 2) half = new long[] {done, System.nanoTime(), cpu(), brokerCpu()};
      if (done >= expected) break;
      Thread.sleep(10);
    }
    long consumed = System.nanoTime();
    Map<String, Long> th1 = threads();
    ks.close(Duration.ofSeconds(120));                                     // commits, flushes caches and producer
    long end = System.nanoTime(), cpuEnd = cpu(), brokerEnd = brokerCpu();
    double perInput = (double) expected / input;
    StringBuilder th = new StringBuilder();
    for (String k : th1.keySet()) th.append(th.length() == 0 ? "" : ",").append(String.format("\"%s\":%d", k, (th1.get(k) - th0.getOrDefault(k, 0L)) / input));
    long outRecords;
    List<String> internal = new ArrayList<>();
    try (Admin ad = Admin.create(Map.of("bootstrap.servers", BOOTSTRAP))) {
      outRecords = endOffsets(ad, List.of(out));
      StringBuilder in = new StringBuilder();
      for (String t : ad.listTopics().names().get()) if (t.startsWith(app)) { internal.add(t); in.append(in.length() == 0 ? "" : ",").append(String.format("\"%s\":%d", t.substring(app.length() + 1), endOffsets(ad, List.of(t)))); }
      System.out.printf(Locale.ROOT, "{\"system\":\"kafka-streams-4.3.1\",\"workload\":\"%s\",\"label\":\"%s\",\"options\":\"%s\",\"jvm\":\"%s\",\"input\":%d,\"seconds\":%.2f,\"closeSeconds\":%.2f,\"recordsPerSecond\":%d,\"cpuNsPerRecord\":%d,\"cpuNsPerRecordLastHalf\":%d,\"recordsPerSecondLastHalf\":%d,\"brokerCpuNsPerRecord\":%d,\"startCpuSeconds\":%.2f,\"threadNsPerRecord\":{%s},\"peakRssMb\":%d,\"outputOffsets\":%d,\"internalOffsets\":{%s}}%n",
        w, label.isEmpty() ? w : label, String.join(" ", opts), ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(s -> s.startsWith("-X")).collect(Collectors.joining(" ")), input,
        (end - start[0]) / 1e9, (end - consumed) / 1e9, Math.round(input / ((end - start[0]) / 1e9)), (cpuEnd - start[1]) / input,
        Math.round((cpuEnd - half[2]) / ((expected - half[0]) / perInput)), Math.round(((expected - half[0]) / perInput) / ((end - half[1]) / 1e9)),
        start[2] < 0 ? -1 : (brokerEnd - start[2]) / input, start[1] / 1e9, th, peakRssKb() / 1024, outRecords, in);
      ad.deleteTopics(internal).all().get();
      try { ad.deleteConsumerGroups(List.of(app)).all().get(); } catch (ExecutionException x) { /* still leaving */ }
    }
    try (Stream<Path> s = Files.walk(dir)) { s.sorted(Comparator.reverseOrder()).forEach(p -> p.toFile().delete()); }
    System.exit(0);
  }

  // ---------------------------------------------------------------- verify
  static long fnv(byte[] k, byte[] v) {
    long h = 0xcbf29ce484222325L;
    if (k != null) for (byte x : k) h = (h ^ (x & 0xff)) * 0x100000001b3L;
    h = (h ^ 0x1f) * 0x100000001b3L;
    if (v != null) for (byte x : v) h = (h ^ (x & 0xff)) * 0x100000001b3L;
    return h;
  }
  static void each(String topic, java.util.function.Consumer<ConsumerRecord<byte[], byte[]>> f) {
    Map<String, Object> c = Map.of("bootstrap.servers", BOOTSTRAP, "isolation.level", "read_committed", "enable.auto.commit", false, "max.poll.records", 10_000, "fetch.max.bytes", 16 << 20);
    try (KafkaConsumer<byte[], byte[]> k = new KafkaConsumer<>(c, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> ps = k.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList();
      k.assign(ps); k.seekToBeginning(ps);
      Map<TopicPartition, Long> end = k.endOffsets(ps);
      while (ps.stream().anyMatch(p -> k.position(p) < end.get(p))) for (ConsumerRecord<byte[], byte[]> r : k.poll(Duration.ofMillis(200))) f.accept(r);
    }
  }
  /** Counts may be written as 8 big-endian bytes or as decimal text: both give the same digest. */
  static byte[] canonical(String w, byte[] v) {
    if (v != null && v.length == 8 && v[0] == 0 && (w.equals("wordcount") || w.equals("keyed-count"))) return utf8(Long.toString(ByteBuffer.wrap(v).getLong()));
    return v;
  }
  static void verify(String w, String topic) {
    long[] n = new long[3];
    Map<Bytes, byte[]> last = new HashMap<>();
    each(topic, r -> {
      byte[] v = canonical(w, r.value()); n[0]++;
      if (isTable(w)) last.put(Bytes.wrap(r.key()), v); else n[1] += fnv(r.key(), v);
      n[2] = Math.max(n[2], r.timestamp());
    });
    if (isTable(w)) for (var e : last.entrySet()) if (e.getValue() != null) n[1] += fnv(e.getKey().get(), e.getValue());
    System.out.printf("{\"verify\":\"%s\",\"topic\":\"%s\",\"compare\":\"%s\",\"records\":%d,\"keys\":%d,\"digest\":\"%016x\",\"maxTimestamp\":%d}%n", w, topic, isTable(w) ? "last-per-key" : "multiset", n[0], last.size(), n[1], n[2]);
  }

  static void expect(String w) throws Exception {
    Map<String, Object> table = new HashMap<>(); long[] n = new long[2];
    List<String> in = inputs(w);
    java.util.function.BiConsumer<String, Object> out = (k, v) -> { try { n[0]++; n[1] += fnv(k == null ? null : utf8(k), v instanceof byte[] b ? b : JSON.writeValueAsBytes(v)); } catch (Exception e) { throw new RuntimeException(e); } };
    interface F { void accept(String key, byte[] value, long ts) throws Exception; }
    java.util.function.BiConsumer<String, F> scan = (topic, f) -> each(topic, r -> { try { f.accept(r.key() == null ? null : new String(r.key(), StandardCharsets.ISO_8859_1), r.value(), r.timestamp()); } catch (Exception e) { throw new RuntimeException(e); } });
    switch (w) {
      case "passthrough" -> scan.accept(in.get(0), (k, v, ts) -> out.accept(k, v));
      case "filter" -> scan.accept(in.get(0), (k, v, ts) -> { Bid b = JSON.readValue(v, Bid.class); if (b.auction % 123 == 0) out.accept(k, new AuctionPrice(b.auction, b.price)); });
      case "map" -> scan.accept(in.get(0), (k, v, ts) -> { Bid b = JSON.readValue(v, Bid.class); b.price = b.price * 908 / 1000; out.accept(k, b); });
      case "wordcount" -> scan.accept(in.get(0), (k, v, ts) -> { for (String x : new String(v, StandardCharsets.ISO_8859_1).split(" ")) table.merge(x, 1L, (p, q) -> (Long) p + (Long) q); });
      case "keyed-count" -> scan.accept(in.get(0), (k, v, ts) -> { if (!JSON.readValue(v, Event.class).type.equals("view")) table.merge(k, 1L, (p, q) -> (Long) p + (Long) q); });
      case "windowed" -> scan.accept(in.get(0), (k, v, ts) -> ((Stats) table.computeIfAbsent(k + "@" + (ts - ts % 60_000), x -> new Stats())).add(JSON.readValue(v, Reading.class)));
      case "enrich" -> {
        Map<String, Auction> t = new HashMap<>();
        scan.accept(in.get(0), (k, v, ts) -> t.put(k, JSON.readValue(v, Auction.class)));
        scan.accept(in.get(1), (k, v, ts) -> { Auction x = t.get(k); if (x == null || x.category != 10) return; Bid b = JSON.readValue(v, Bid.class); Enriched e = new Enriched(); e.auction = b.auction; e.bidder = b.bidder; e.price = b.price; e.itemName = x.itemName; e.seller = x.seller; e.category = x.category; out.accept(k, e); });
      }
      case "join" -> {
        Map<String, Person> t = new HashMap<>();
        scan.accept(in.get(0), (k, v, ts) -> t.put(k, JSON.readValue(v, Person.class)));
        scan.accept(in.get(1), (k, v, ts) -> { Person p = t.get(k); if (p == null || Math.abs(p.ts - ts) > 10_000) return; Sale s = JSON.readValue(v, Sale.class); Match m = new Match(); m.person = p.id; m.name = p.name; m.sale = s.id; m.reserve = s.reserve; out.accept(k, m); });
      }
    }
    for (var e : table.entrySet()) out.accept(e.getKey(), e.getValue() instanceof Long l ? utf8(Long.toString(l)) : e.getValue());
    System.out.printf("{\"expect\":\"%s\",\"compare\":\"%s\",\"%s\":%d,\"digest\":\"%016x\"}%n", w, isTable(w) ? "last-per-key" : "multiset", isTable(w) ? "keys" : "records", n[0], n[1]);
  }

  // ---------------------------------------------------------------- plain Java clients
  static void rawProduce(long count) throws Exception {
    recreate("out-produce");
    byte[][] keys = new byte[4096][], vals = new byte[4096][]; int[] n = {0};
    Gen g = bids("x"); Emit e = (t, p, ts, k, v) -> { keys[n[0]] = k; vals[n[0]++] = v; };
    for (int i = 0; i < 4096; i++) g.at(i, e);
    for (int warm = 0; warm < 2; warm++) try (KafkaProducer<byte[], byte[]> p = producer(Map.of("batch.size", 262_144, "linger.ms", 20))) {
      long t0 = System.nanoTime(), c0 = cpu(), b0 = brokerCpu(), cnt = warm == 0 ? count / 4 : count;
      for (long i = 0; i < cnt; i++) p.send(new ProducerRecord<>("out-produce", keys[(int) (i & 4095)], vals[(int) (i & 4095)]));
      p.flush();
      double s = (System.nanoTime() - t0) / 1e9;
      if (warm == 1) System.out.printf(Locale.ROOT, "{\"system\":\"java-producer\",\"workload\":\"produce\",\"input\":%d,\"seconds\":%.2f,\"recordsPerSecond\":%d,\"cpuNsPerRecord\":%d,\"brokerCpuNsPerRecord\":%d}%n", count, s, Math.round(count / s), (cpu() - c0) / count, b0 < 0 ? -1 : (brokerCpu() - b0) / count);
    }
    try (Admin ad = Admin.create(Map.of("bootstrap.servers", BOOTSTRAP))) { ad.deleteTopics(List.of("out-produce")).all().get(); }
  }
  static void rawConsume(String topic) throws Exception {
    for (int warm = 0; warm < 3; warm++) {
      long[] n = new long[1]; long t0 = System.nanoTime(), c0 = cpu(), b0 = brokerCpu();
      each(topic, r -> n[0]++);
      double s = (System.nanoTime() - t0) / 1e9;
      System.out.printf(Locale.ROOT, "{\"system\":\"java-consumer\",\"workload\":\"consume\",\"pass\":%d,\"input\":%d,\"seconds\":%.2f,\"recordsPerSecond\":%d,\"cpuNsPerRecord\":%d,\"brokerCpuNsPerRecord\":%d}%n", warm, n[0], s, Math.round(n[0] / s), (cpu() - c0) / n[0], b0 < 0 ? -1 : (brokerCpu() - b0) / n[0]);
    }
  }
}
