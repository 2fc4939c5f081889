/* SPDX-License-Identifier: Apache-2.0 */
/* test_reader_hostile.c - see worker/reader.h: files that lead elsewhere, are not all there, or
 * are damaged. Each case is a good file with one thing wrong. */
#include "tests/support/good_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Links: what stands at "phi" instead of a column. */

static hid_t never_traverse(const char *name, hid_t group, const void *data, size_t size,
                            hid_t access, hid_t transfer)
{
    (void)name, (void)group, (void)data, (void)size, (void)access, (void)transfer;
    return H5I_INVALID_HID;
}

static void link_external(hid_t file)
{
    (void)H5Lcreate_external("elsewhere.h5", "/phi", file, "phi", H5P_DEFAULT, H5P_DEFAULT);
}

static void link_user_defined(hid_t file)
{
    const H5L_class_t class = {.version = H5L_LINK_CLASS_T_VERS,
                               .id = (H5L_type_t)100,
                               .comment = "test",
                               .trav_func = never_traverse};
    assert_true(H5Lregister(&class) >= 0);
    assert_true(H5Lcreate_ud(file, "phi", (H5L_type_t)100, NULL, 0, H5P_DEFAULT, H5P_DEFAULT) >=
                0);
}

static void link_loop(hid_t file)
{
    (void)H5Lcreate_soft("/other", file, "phi", H5P_DEFAULT, H5P_DEFAULT);
    (void)H5Lcreate_soft("/phi", file, "other", H5P_DEFAULT, H5P_DEFAULT);
}

static void link_itself(hid_t file)
{
    (void)H5Lcreate_soft("phi/phi/phi/phi/phi/phi/phi/phi", file, "phi", H5P_DEFAULT,
                         H5P_DEFAULT);
}

static void link_dangling(hid_t file)
{
    (void)H5Lcreate_soft("/nowhere", file, "phi", H5P_DEFAULT, H5P_DEFAULT);
}

static void link_soft_to_external(hid_t file)
{
    (void)H5Lcreate_external("elsewhere.h5", "/", file, "door", H5P_DEFAULT, H5P_DEFAULT);
    (void)H5Lcreate_soft("door/phi", file, "phi", H5P_DEFAULT, H5P_DEFAULT);
}

static void link_group(hid_t file)
{
    (void)H5Gclose(H5Gcreate2(file, "phi", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}

static void put_plist(hid_t file, hid_t plist, hsize_t n, const char *name)
{
    hid_t space = H5Screate_simple(1, &n, NULL);
    hid_t data = H5Dcreate2(file, name, H5T_IEEE_F32LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(data >= 0);
    (void)H5Dclose(data);
    (void)H5Sclose(space);
    (void)H5Pclose(plist);
}

static void external_storage(hid_t file)
{
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    (void)H5Pset_external(plist, "/etc/hostname", 0, H5F_UNLIMITED);
    put_plist(file, plist, EVENTS, "phi");
}

static void virtual_dataset(hid_t file)
{
    const hsize_t n = EVENTS;
    hid_t space = H5Screate_simple(1, &n, NULL);
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    (void)H5Pset_virtual(plist, space, "elsewhere.h5", "phi", space);
    (void)H5Sclose(space);
    put_plist(file, plist, n, "phi");
}

static void unknown_filter(hid_t file)
{
    const hsize_t chunk = EVENTS;
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    (void)H5Pset_chunk(plist, 1, &chunk);
    (void)H5Pset_filter(plist, 32001, H5Z_FLAG_OPTIONAL, 0, NULL);
    put_plist(file, plist, EVENTS, "phi");
}

static void deflate_twice(hid_t file)
{
    hid_t plist = put_layout(EVENTS, PUT_DEFLATE);
    (void)H5Pset_deflate(plist, 9);
    put_plist(file, plist, EVENTS, "phi");
}

static void huge_chunk(hid_t file)
{
    put_plist(file, put_layout((hsize_t)1 << 25, PUT_DEFLATE), (hsize_t)1 << 30, "phi");
}

static void many_rows_unwritten(hid_t file)
{
    put_plist(file, put_layout(1 << 20, PUT_DEFLATE), (hsize_t)1 << 50, "phi");
}

static void never_written(hid_t file)
{
    put_plist(file, H5Pcreate(H5P_DATASET_CREATE), EVENTS, "phi");
}

/* Chunk number 0 of a column of `rows` with these raw bytes for its stored form. */
static void put_raw_chunk(hid_t file, hsize_t rows, hsize_t chunk, size_t bytes)
{
    put_plist(file, put_layout(chunk, PUT_DEFLATE | PUT_FLETCHER32), rows, "phi");
    const char garbage[64] = {0};
    const hsize_t first = 0;
    hid_t data = H5Dopen2(file, "phi", H5P_DEFAULT);
    assert_true(H5Dwrite_chunk(data, H5P_DEFAULT, 0, &first, bytes, garbage) >= 0);
    (void)H5Dclose(data);
}

static void many_rows_one_chunk(hid_t file)
{
    put_raw_chunk(file, (hsize_t)1 << 50, 1 << 20, 16);
}

static void half_written(hid_t file)
{
    put_raw_chunk(file, EVENTS, 2, 16);
}

static void bomb(hid_t file)
{
    put_raw_chunk(file, 1 << 24, 1 << 24, 64);
}

static void cut_checksum(hid_t file)
{
    put_raw_chunk(file, EVENTS, EVENTS, 3);
}

static void broken_chunk(hid_t file)
{
    put_raw_chunk(file, EVENTS, EVENTS, 40);
}

static void what_leads_out_or_was_not_written_is_refused_at_once(void **state)
{
    static const struct {
        void (*put)(hid_t file);
        const char *part;
    } cases[] = {
        {link_external, "column phi: phi is a link to another file, which is refused"},
        {link_user_defined, "column phi: phi is a user-defined link, which is refused"},
        {link_loop, "column phi: more than 8 soft links, or a loop of them"},
        {link_itself, "column phi: "},
        {link_dangling, ": no column phi"},
        {link_soft_to_external, "column phi: door is a link to another file"},
        {link_group, "column phi: it is no dataset"},
        {external_storage, "column phi: its values lie in other files (external storage)"},
        {virtual_dataset, "column phi: a virtual dataset"},
        {unknown_filter, "column phi: filter 32001 is not supported (deflate, shuffle, "},
        {deflate_twice, "column phi: filter deflate twice"},
        {huge_chunk, "column phi: chunks of 33554432 rows of 4 bytes; 64 MiB are the limit"},
        {many_rows_unwritten, "column phi: its 1125899906842624 rows were never written"},
        {many_rows_one_chunk, "column phi: 1 of its 1073741824 chunks were written"},
        {never_written, "column phi: its 4 rows were never written"},
        {half_written, "column phi: 1 of its 2 chunks were written"},
        {bomb, "column phi: 64 stored bytes would expand to 67108864, 1048576-fold"},
        {cut_checksum, "column phi: rows 0-4: a chunk of 3 stored bytes"},
        {broken_chunk, "column phi: rows 0-4 cannot be read, the file is damaged (deflate: "},
    };
    char path[PUT_PATH_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        hid_t file = put_file(*state, "hostile.h5", path);
        put_good(file, "phi");
        cases[i].put(file);
        (void)H5Fclose(file);
        struct error err = {0};
        clock_t before = clock();
        try_file(path, NULL, &err);
        assert_true(clock() - before < CLOCKS_PER_SEC / 10);
        check_refused(&err, path, cases[i].part);
    }
}

/* What nobody needs may be as broken as it likes. */
static void columns_that_are_not_needed_are_not_looked_at(void **state)
{
    char path[PUT_PATH_SIZE];
    hid_t file = put_file(*state, "unneeded.h5", path);
    put_good(file, "");
    (void)H5Lcreate_external("elsewhere.h5", "/", file, "b1", H5P_DEFAULT, H5P_DEFAULT);
    (void)H5Fclose(file);
    struct error err = {0};
    try_file(path, NULL, &err);
    assert_int_equal(err.kind, ERROR_NONE);
}

static void write_bytes(const char *path, const void *data, size_t size, size_t at)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, size, (off_t)at), size);
    (void)close(fd);
}

static void what_is_no_whole_file_is_refused(void **state)
{
    char path[PUT_PATH_SIZE];
    struct error err = {0};
    (void)snprintf(path, sizeof path, "%s/nothing.h5", (const char *)*state);
    try_file(path, NULL, &err);
    check_refused(&err, path, ": No such file or directory");
    try_file(*state, NULL, &err);
    check_refused(&err, *state, ": no regular file");
    assert_int_equal(mkfifo(path, 0600), 0);
    try_file(path, NULL, &err);
    check_refused(&err, path, ": no regular file");
    assert_int_equal(unlink(path), 0);
    write_bytes(path, "", 0, 0);
    try_file(path, NULL, &err);
    check_refused(&err, path, ": the file is empty");
    write_bytes(path, "%PDF-1.4 and more", 17, 0);
    try_file(path, NULL, &err);
    check_refused(&err, path, ": of no known format");
    write_bytes(path, "\x89HDF\r\n\x1a\n", 8, 0);
    try_file(path, NULL, &err);
    check_refused(&err, path, ": damaged or incomplete HDF5 file (HDF5: ");

    hid_t file = put_file(*state, "cut.h5", path);
    put_good(file, "");
    (void)H5Fclose(file);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(truncate(path, info.st_size - 1), 0);
    try_file(path, NULL, &err);
    check_refused(&err, path, ": damaged or incomplete HDF5 file (HDF5: truncated file");
}

/* Where in the file the bytes lie; they are there once. */
static size_t find_bytes(const char *path, const void *what, size_t size)
{
    static uint8_t all[1 << 16];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(all, 1, sizeof all, f);
    (void)fclose(f);
    const uint8_t *at = memmem(all, n, what, size);
    assert_non_null(at);
    return (size_t)(at - all);
}

static void flipped_bytes_under_a_checksum_are_found(void **state)
{
    char path[PUT_PATH_SIZE];
    hid_t file = put_file(*state, "flipped.h5", path);
    put_good(file, "Muon_pt");
    put_column(file, &(struct put){"Events/Muon_pt", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, pt,
                                   MUONS, 3, PUT_FLETCHER32, "GeV"});
    (void)H5Fclose(file);
    struct error err = {0};
    try_file(path, NULL, &err);
    assert_int_equal(err.kind, ERROR_NONE);
    write_bytes(path, "\xff", 1, find_bytes(path, pt + 3, 12) + 1);
    try_file(path, NULL, &err);
    check_refused(&err, path,
                  "column Muon_pt (Events/Muon_pt): rows 3-6 cannot be read, the "
                  "file is damaged (fletcher32: the ");
    check_contains(err.text, "checksum");
}

/* One bit of each byte changed, from *at on, in a process that may die of it. */
static void try_damage(const char *path, const uint8_t *good, size_t size, volatile size_t *at)
{
    static const int deadly[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS};
    for (size_t i = 0; i < ARRAY_LENGTH(deadly); i++) {
        (void)signal(deadly[i], SIG_DFL); /* not to the test's own handler */
    }
    for (; *at < size; (*at)++) {
        const uint8_t bad = (uint8_t)(good[*at] ^ (1U << (*at % 8)));
        (void)alarm(10);
        write_bytes(path, &bad, 1, *at);
        struct error err = {0};
        try_file(path, NULL, &err);
        write_bytes(path, &good[*at], 1, *at);
        if (err.kind == ERROR_PEER) {
            _exit(1);
        }
    }
    _exit(0);
}

/* HDF5 1.10 itself dies of some (a chunk of 0 rows is a division by zero in H5Oopen): that is why
 * files are opened in a process of their own. No damage may hang it, and few may kill it. */
static void
a_damaged_byte_ends_in_numbers_an_error_or_a_dead_process_not_in_a_hang(void **state)
{
    char path[PUT_PATH_SIZE];
    hid_t file = put_file(*state, "damaged.h5", path);
    put_good(file, "phi");
    put_column(file, &(struct put){"phi", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, phi, EVENTS, 3,
                                   PUT_SHUFFLE | PUT_DEFLATE | PUT_FLETCHER32, "rad"});
    (void)H5Fclose(file);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    size_t size = (size_t)info.st_size;
    uint8_t *good = calloc(size, 1);
    volatile size_t *at =
        mmap(NULL, sizeof *at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(good != NULL && at != MAP_FAILED);
    FILE *f = fopen(path, "rb");
    assert_int_equal(fread(good, 1, size, f), size);
    (void)fclose(f);
    size_t n_dead = 0;
    for (int status = 1; status != 0;) {
        pid_t child = fork();
        if (child == 0) {
            try_damage(path, good, size, at);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_false(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
        if (status != 0) {
            write_bytes(path, &good[*at], 1, *at);
            n_dead++;
            (*at)++;
        }
    }
    assert_int_equal(*at, size);
    assert_true(n_dead <= size / 200);
    free(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_leads_out_or_was_not_written_is_refused_at_once),
        cmocka_unit_test(columns_that_are_not_needed_are_not_looked_at),
        cmocka_unit_test(what_is_no_whole_file_is_refused),
        cmocka_unit_test(flipped_bytes_under_a_checksum_are_found),
        cmocka_unit_test(
            a_damaged_byte_ends_in_numbers_an_error_or_a_dead_process_not_in_a_hang),
    };
    return cmocka_run_group_tests(tests, put_make_folder, put_remove_folder);
}
