/* SPDX-License-Identifier: Apache-2.0 */
/* seeds.c - writes a few good inputs for each fuzzer: "seeds FOLDER" fills FOLDER/<fuzzer>.
 * They are made by our own encoders, so that they follow every change of a format. */
#include <libdeflate.h>
#include <lz4.h>
#include <math.h>
#include <string.h>
#include <zstd.h>

#include "analysis/analysis.h"
#include "base/file.h"
#include "base/size.h"
#include "scheduler/live.h"
#include "tests/fuzz/fuzz.h"
#include "worker/message.h"

static const char *const run_files[] = {
    "analysis: dimuon\nsamples: [{name: a, kind: data, files: [a.h5]}]\n"
    "kubernetes:\n  image: r.example.org/p:1\n  folder: /data\n"
    "  volumes: [{name: d, mountPath: /data, persistentVolumeClaim: {claimName: c}}]\n"
    "  workers:\n    requests: {cpu: 500m, memory: 1.5Gi}\n    max_pods: 7\n"
    "    labels: {example.org/queue: q}\n"
    "    patch:\n      spec:\n        nodeSelector: {$patch: replace, a: b}\n"
    "        containers: [{name: worker, env: [{name: A, $patch: delete}]}]\n"
    "        volumes: [{name: d, $retainKeys: [name]}]\n"
    "  scheduler: {limits: {memory: 2Gi}}\n  ledger: {size: 1Gi, storage_class: s}\n",
    "analysis: dimuon\nsamples: [{name: a, kind: data, files: [a.h5]}]\n",
    "analysis: higgs4l\n"
    "parameters: {z1_min_gev: 41.5, z2_min_gev: off}\n"
    "shards: {target_events: 10_000}\n"
    "samples:\n"
    "  - name: DoubleMuParked 2012C\n    kind: data\n    era: 2012\n"
    "    channels: [4mu, 2mu2e]\n    luminosity_pb: 7132\n    files: [a_*.h5, b.h5]\n"
    "  - name: by file\n    kind: data\n    era: 2011\n"
    "    files: [{pattern: \"x_*.h5\", luminosity_pb: 12.5}]\n"
    "  - name: H(125)\n    kind: simulation\n    era: 2012\n    process: higgs\n"
    "    cross_section_pb: 0.0065\n    scale: 1.0\n    generated_events: 299_973\n"
    "    weight: none\n    files: [higgs_*.h5]\n"
    "  - name: weighted\n    kind: simulation\n    era: 2012\n    process: zz\n"
    "    sum_of_weights: 1234.5\n    weight: genWeight\n    files: [/data/zz.h5]\n"
    "units: {energy: MeV, length: mm}\n"
    "columns: {Muon_pt: muons/pt, genWeight: w}\n"
    "eras: {2012: {energy_tev: 8, luminosity_pb: 11580}, 2011: {energy_tev: 7}}\n"
    "processes: [{name: zz, title: \"ZZ, Z/gamma*\"}, {name: higgs, signal: true}]\n",
};

static const char *const json_texts[] = {
    "{\"a\":[1,-2.5e-7,true,false,null],\"\\u20ac\":\"\\ud83d\\ude00\\n\",\"\":{}}",
    "[0.1,1e21,9007199254740993,-0.0,5e-324,1.7976931348623157e308,\"x\"]",
};

static const char *const kubeconfigs[] = {
    "apiVersion: v1\nkind: Config\ncurrent-context: x\n"
    "clusters: [{name: c, cluster: {server: 'https://h:6443/p/', proxy-url: 'http://p',\n"
    "  certificate-authority-data: QUJD, tls-server-name: n}}]\n"
    "contexts: [{name: x, context: {cluster: c, user: u, namespace: lab}}]\n"
    "users: [{name: u, user: {client-certificate-data: REVG, client-key: k.pem}}]\n",
    "current-context: x\ncontexts:\n- name: x\n  context: {cluster: c, user: u}\n\x1e"
    "clusters:\n- name: c\n  cluster:\n    server: https://h\n    certificate-authority: ca\n"
    "    insecure-skip-tls-verify: true\n"
    "users:\n- name: u\n  user:\n    tokenFile: t\n    token: a\n    username: b\n"
    "    exec: {apiVersion: client.authentication.k8s.io/v1, command: ./p, args: [a, 'b c'],\n"
    "      env: [{name: N, value: v}], interactiveMode: IfAvailable, installHint: h,\n"
    "      provideClusterInfo: true}\n",
    ("{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","
     "\"status\":{\"token\":\"t\",\"expirationTimestamp\":\"2026-11-26T18:00:00.5+01:00\"}}"),
};

/* The first byte is where the stream is cut. */
static const char *const watch_streams[] = {
    "7{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"uid\":\"u\","
    "\"resourceVersion\":\"5\"}}}\n"
    "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}\n",
    "\x90{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"a\",\"uid\":\"u\","
    "\"resourceVersion\":\"5\"}}}\r\n\n"
    "{\"type\":\"ERROR\",\"object\":{\"code\":410,\"reason\":\"Expired\"}}\n",
};

static const char *const index_texts[] = {"", "0-99999", "1,3-5,7",
                                          "0,2,4,6,8,10-12,99998,99999"};

/* What stays to be written where: a folder, and how many inputs of it there are. */
struct seeds {
    const char *folder;
    const char *fuzzer;
    unsigned n;
};

static void put(struct seeds *s, const void *data, size_t size)
{
    char path[4096];
    struct error err = {0};
    (void)snprintf(path, sizeof path, "%s/%s", s->folder, s->fuzzer);
    FUZZ_CHECK(file_make_folder(path, 0755, &err) == 0);
    (void)snprintf(path, sizeof path, "%s/%s/seed%02u", s->folder, s->fuzzer, s->n++);
    FUZZ_CHECK(file_write(path, 0644, data, size, &err) == 0);
}

static void put_texts(const char *folder, const char *fuzzer, const char *const *text, size_t n)
{
    struct seeds s = {.folder = folder, .fuzzer = fuzzer};
    for (size_t i = 0; i < n; i++) {
        put(&s, text[i], strlen(text[i]));
    }
}

/* Writes the message that was encoded and empties the buffer. */
static void put_message(struct seeds *s, struct buffer *message)
{
    put(s, message->data, message->size);
    buffer_clear(message);
}

static void put_answers(struct seeds *s, struct buffer *b)
{
    char text[] = "mu.h5: no column Muon_pt";
    const struct lease_id id = {.kind = LEASE_SHARD, .subject = 3, .epoch = 4, .seal = {5}};
    struct message_result result = {.id = id, .payload = "partial", .size = 7, .cpu_us = 8};
    struct message_failure failure = {id, ERROR_INPUT, 11, text, text};
    struct message_ack ack = {id, ACK_ACCEPTED};
    struct message_heartbeat heartbeat = {.n = 2, .lease = {{1, 10}, {2, 20}}};
    message_result_encode(&result, b);
    put_message(s, b);
    message_failure_encode(&failure, b);
    put_message(s, b);
    message_ack_encode(&ack, b);
    put_message(s, b);
    message_heartbeat_encode(&heartbeat, b);
    put_message(s, b);
}

static void put_orders(struct seeds *s, struct buffer *b)
{
    char order[] = "{\"analysis\":\"dimuon\"}";
    char path[] = "/data/mu.h5";
    char weight[] = "genWeight";
    struct message_hello hello = {"run", "worker", "host", "0.1", 1, 2};
    struct message_welcome welcome = {order, 1000, 10000};
    struct message_lease lease = {
        .id = {.kind = LEASE_SHARD, .subject = 5, .epoch = 6},
        .path = path,
        .weight = weight,
        .first = 10,
        .stop = 20,
        .n_counters = 2,
        .n_starts = 2,
        .start_row = {5, 15},
        .objects = {7, 8, 9, 10},
        .digest = "00112233445566778899aabbccddeeff",
    };
    message_hello_encode(&hello, b);
    put_message(s, b);
    message_welcome_encode(&welcome, b);
    put_message(s, b);
    message_lease_encode(&lease, b);
    put_message(s, b);
    message_want_encode(3, b);
    put_message(s, b);
    message_refuse_encode("another run", b);
    put_message(s, b);
    message_bare_encode(MESSAGE_WHO, b);
    put_message(s, b);
    message_bare_encode(MESSAGE_END, b);
    put_message(s, b);
}

static void put_messages(const char *folder)
{
    struct seeds s = {.folder = folder, .fuzzer = "fuzz_message"};
    struct buffer b = {0};
    put_orders(&s, &b);
    put_answers(&s, &b);
    buffer_release(&b);
}

/* A partial whose first axis announces 2^20 bins: a few bytes that ask for 2 GiB. */
static void put_greedy(struct seeds *s, struct buffer *b)
{
    static const double lower = 70; /* stands behind the number of bins */
    uint8_t *at = memmem(b->data, b->size, &lower, sizeof lower);
    FUZZ_CHECK(at != NULL);
    const uint8_t n_bins[4] = {0, 0, 16, 0};
    memcpy(at - sizeof n_bins, n_bins, sizeof n_bins);
    put_message(s, b);
}

/* A small partial of every kind of block, and what an analysis really books. */
static void put_partial(struct seeds *s, bool weighted)
{
    static const double edges[] = {-1, 0, 0.5, 100};
    struct partial p;
    struct axis axis[2];
    struct error err = {0};
    struct partial_hist names = {"mass", "4mu", "nominal", "m(4l)", "GeV", {.nan = 0}};
    partial_init(&p, weighted);
    FUZZ_CHECK(axis_init_regular(&axis[0], 4, 70, 181, &err) == 0);
    FUZZ_CHECK(axis_init_variable(&axis[1], 3, edges, &err) == 0);
    FUZZ_CHECK(partial_book_hist(&p, &names, &axis[0], &err) == 0);
    names.name[0] = 'M';
    FUZZ_CHECK(partial_book_hist(&p, &names, &axis[1], &err) == 0);
    FUZZ_CHECK(partial_book_step(&p, "4mu", "all", &err) == 0);
    for (int i = 0; i < 8; i++) {
        hist_fill(&p.hist[i % 2].hist, i == 7 ? NAN : 30.0 * i - 10, 0.1 * i - 0.3);
        partial_pass(&p, 0, 1e-9);
        p.n_events++;
    }
    struct buffer b = {0};
    partial_encode(&p, &b);
    put_message(s, &b);
    if (weighted) { /* the other fits, and would only be slow */
        partial_encode(&p, &b);
        put_greedy(s, &b);
    }
    buffer_release(&b);
    partial_release(&p);
    axis_release(&axis[0]);
    axis_release(&axis[1]);
}

static void put_booked(struct seeds *s, const struct analysis *analysis)
{
    struct settings settings;
    struct partial p;
    struct buffer b = {0};
    struct error err = {0};
    FUZZ_CHECK(
        settings_init(&settings, analysis->parameter, analysis->n_parameters, NULL, &err) == 0);
    partial_init(&p, false);
    FUZZ_CHECK(analysis->book(&settings, &p, &err) == 0);
    partial_encode(&p, &b);
    put_message(s, &b);
    buffer_release(&b);
    partial_release(&p);
    settings_release(&settings);
}

static void put_live(const char *folder)
{
    struct seeds s = {.folder = folder, .fuzzer = "fuzz_live"};
    struct live_lease lease[] = {{LEASE_SHARD, 1, 2, 3}, {LEASE_INSPECT, 4, 5, 6}};
    struct live_worker worker[] = {
        {.name = "a", .host = "node", .program = "0.1", .state = LIVE_WORKING, .n_leases = 2},
        {.name = "b", .state = LIVE_SILENT, .first_lease = 2}};
    struct live live = {.written_ms = 2, .paused = "no space", .events_per_s = 0.5};
    struct buffer text = {0};
    live_encode(&live, &text);
    put(&s, text.data, text.size);
    buffer_clear(&text);
    live.worker = worker;
    live.n_workers = ARRAY_LENGTH(worker);
    live.lease = lease;
    live.n_leases = ARRAY_LENGTH(lease);
    live_encode(&live, &text);
    put(&s, text.data, text.size);
    buffer_release(&text);
}

/* A chunk of a rising column, through each filter alone, as fuzz_filters.c numbers them. */
static void put_chunks(const char *folder)
{
    enum { ROWS = 300, LZ4_HEAD = 16 };
    struct seeds s = {.folder = folder, .fuzzer = "fuzz_filters"};
    uint32_t plain[ROWS];
    uint8_t stored[3][2 * sizeof plain] = {{0}};
    for (uint32_t i = 0; i < ROWS; i++) {
        plain[i] = i / 3;
    }
    struct libdeflate_compressor *deflate = libdeflate_alloc_compressor(6);
    int n_lz4 = LZ4_compress_default((const char *)plain, (char *)stored[2] + LZ4_HEAD,
                                     sizeof plain, (int)(sizeof stored[2] - LZ4_HEAD));
    const size_t size[] = {
        libdeflate_zlib_compress(deflate, plain, sizeof plain, stored[0], sizeof stored[0]),
        ZSTD_compress(stored[1], sizeof stored[1], plain, sizeof plain, 3),
        LZ4_HEAD + (size_t)n_lz4};
    libdeflate_free_compressor(deflate);
    /* Big-endian: bytes in all, bytes in a block, and the one block's size. */
    stored[2][6] = stored[2][10] = sizeof plain >> 8;
    stored[2][7] = stored[2][11] = sizeof plain & 0xff;
    stored[2][14] = (uint8_t)(n_lz4 >> 8);
    stored[2][15] = (uint8_t)n_lz4;
    struct buffer b = {0};
    for (uint8_t i = 0; i < 3; i++) {
        buffer_u8(&b, i);
        buffer_u8(&b, 0);
        buffer_u8(&b, 3);
        buffer_u32(&b, sizeof plain);
        buffer_raw(&b, stored[i], size[i]);
        put_message(&s, &b);
    }
    buffer_release(&b);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: seeds FOLDER\n");
        return 2;
    }
    struct error err = {0};
    struct seeds partials = {.folder = argv[1], .fuzzer = "fuzz_partial"};
    FUZZ_CHECK(file_make_folder(argv[1], 0755, &err) == 0);
    put_texts(argv[1], "fuzz_dataset", run_files, ARRAY_LENGTH(run_files));
    put_texts(argv[1], "fuzz_yaml", run_files, ARRAY_LENGTH(run_files));
    put_texts(argv[1], "fuzz_json", json_texts, ARRAY_LENGTH(json_texts));
    put_texts(argv[1], "fuzz_kubeconfig", kubeconfigs, ARRAY_LENGTH(kubeconfigs));
    put_texts(argv[1], "fuzz_k8s_stream", watch_streams, ARRAY_LENGTH(watch_streams));
    put_texts(argv[1], "fuzz_k8s_indexes", index_texts, ARRAY_LENGTH(index_texts));
    put_live(argv[1]);
    put_messages(argv[1]);
    put_chunks(argv[1]);
    put_partial(&partials, false);
    put_partial(&partials, true);
    for (size_t i = 0; analyses[i] != NULL; i++) {
        put_booked(&partials, analyses[i]);
    }
    return 0;
}
