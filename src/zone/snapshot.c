/* SPDX-License-Identifier: Apache-2.0 */
/* A version back from its file, which is read, not mapped: see docs/snapshot.md. */
#include "zone/snapshot_inside.h"
#include "zone/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static_assert((int)ZONE_SNAPSHOT_THREADS_MAX <= (int)ZONE_THREADS_MAX, "there is room for them");

const uint8_t snapshot_magic[8] = { 'R', 'h', 'i', 'z', 'S', 'n', 'a', 'p' };

/* ---- sums ---- */

static uint64_t load64(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Four lanes of folded multiplications, so that the multiplier is never idle. */
uint64_t snapshot_piece_sum(const uint8_t *data, size_t bytes)
{
    enum { STEP = 64 };
    static const uint64_t keys[4] = { UINT64_C(0xa0761d6478bd642f), UINT64_C(0xe7037ed1a0b428db), UINT64_C(0x8ebc6af09c88c6e3),
                                      UINT64_C(0x589965cc75374cc3) };
    uint64_t a = bytes, b = keys[1], c = keys[2], d = keys[3];
    uint8_t last[STEP] = { 0 };
    size_t whole = bytes / STEP * STEP;
    for (size_t at = 0; at <= whole; at += STEP) {
        const uint8_t *from = data + at;
        if (at == whole) {
            if (whole < bytes)
                memcpy(last, data + whole, bytes - whole);
            from = last;
        }
        a = hash_fold(a ^ load64(from), keys[0] ^ load64(from + 8));
        b = hash_fold(b ^ load64(from + 16), keys[1] ^ load64(from + 24));
        c = hash_fold(c ^ load64(from + 32), keys[2] ^ load64(from + 40));
        d = hash_fold(d ^ load64(from + 48), keys[3] ^ load64(from + 56));
    }
    return hash_fold(hash_fold(a ^ keys[1], b ^ keys[2]) ^ hash_fold(c ^ keys[3], d ^ keys[0]), keys[2]);
}

uint64_t snapshot_front_sum(const uint8_t *front, size_t bytes)
{
    uint64_t sum = 0;
    for (size_t at = 0; at < bytes; at += SNAPSHOT_PIECE)
        sum = snapshot_sum_add(sum, snapshot_piece_sum(front + at, bytes - at < SNAPSHOT_PIECE ? bytes - at : SNAPSHOT_PIECE));
    return sum;
}

/* Another version of the program may read texts otherwise, and lay versions out otherwise. */
uint64_t snapshot_layout(void)
{
    static const uint64_t sizes[] = {
        sizeof(struct zone_version), sizeof(struct zone_node), offsetof(struct zone_node, name), sizeof(struct zone_set), sizeof(struct zone_sigs),
        sizeof(struct zone_slot), sizeof(struct zone_hashed), GRANULE, SCAN_SETS, RRSET_RECORD_HEAD, offsetof(struct zone_version, node_count),
        offsetof(struct zone_version, soa), offsetof(struct zone_version, denial_kind), offsetof(struct zone_version, builder),
    };
    static const struct hash_key key = { 1, 2 };
    static const uint8_t label[] = "hashes depend on the program too";
    uint64_t tag = snapshot_piece_sum((const uint8_t *)sizes, sizeof sizes);
    for (size_t size = 0; size < sizeof label; size++)
        tag = snapshot_sum_add(tag, hash_link(&key, tag, label, size));
    return snapshot_sum_add(tag, snapshot_piece_sum((const uint8_t *)RHIZ_VERSION, sizeof RHIZ_VERSION - 1));
}

/* ---- reading ---- */

static enum status read_at(int fd, uint8_t *data, size_t bytes, uint64_t offset)
{
    while (bytes > 0) {
        ssize_t n = pread(fd, data, bytes, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return E_SYSTEM;
        if (n == 0)
            return E_TRUNCATED;
        data += n;
        bytes -= (size_t)n;
        offset += (uint64_t)n;
    }
    return OK;
}

static enum status bad(const char **why, const char *what)
{
    *why = what;
    return E_BAD_FORMAT;
}

/* What stands behind the head; each step stays inside. */
struct front { const uint8_t *at, *end; };
static const uint8_t *front_take(struct front *f, uint64_t bytes)
{
    size_t left = (size_t)(f->end - f->at);
    if (bytes > left || snapshot_eight_up((size_t)bytes) > left)
        return NULL;
    const uint8_t *taken = f->at;
    f->at += snapshot_eight_up((size_t)bytes);
    return taken;
}

static char *front_string(const uint8_t *octets, uint64_t bytes)
{
    char *string = mem_room((size_t)bytes + 1);
    if (string) {
        memcpy(string, octets, (size_t)bytes);
        string[bytes] = 0;
    }
    return string;
}

static enum status read_files(struct front *front, uint32_t count, struct zone_files *files, const char **why)
{
    if (count == 0 || count > UINT16_MAX)
        return bad(why, "its list of files is damaged");
    files->files = mem_alloc(count * sizeof *files->files);
    if (!files->files)
        return E_NOMEM;
    for (uint32_t i = 0; i < count; i++) {
        struct snapshot_file entry;
        const uint8_t *at = front_take(front, sizeof entry);
        if (!at)
            return bad(why, "its list of files is damaged");
        memcpy(&entry, at, sizeof entry);
        at = entry.path_bytes < PATH_MAX ? front_take(front, entry.path_bytes) : NULL;
        if (!at || entry.inode == 0 || memchr(at, 0, (size_t)entry.path_bytes))
            return bad(why, "its list of files is damaged");
        struct zone_file file = { .path = front_string(at, entry.path_bytes), .size_bytes = entry.size_bytes, .modified_ns = entry.modified_ns,
                                  .inode = entry.inode };
        if (!file.path)
            return E_NOMEM;
        files->files[files->count++] = file;
    }
    return OK;
}

/* The front of the file, whole and ours. @return NULL with *st */
static uint8_t *read_front(int fd, struct snapshot_head *head, enum status *st, const char **why)
{
    struct stat facts;
    *st = fstat(fd, &facts) == 0 ? read_at(fd, (uint8_t *)head, sizeof *head, 0) : E_SYSTEM;
    if (*st == E_TRUNCATED || (*st == OK && memcmp(head->magic, snapshot_magic, sizeof snapshot_magic) != 0))
        *st = bad(why, "it is no snapshot");
    if (*st == OK && (head->byte_order != SNAPSHOT_BYTE_ORDER || head->format != SNAPSHOT_FORMAT || head->layout != snapshot_layout()))
        *st = E_BAD_VERSION;
    if (*st == OK && (head->front_bytes < sizeof *head || head->front_bytes > SNAPSHOT_FRONT_MAX || head->front_bytes % SNAPSHOT_PAGE ||
                      (uint64_t)facts.st_size < head->front_bytes || (uint64_t)facts.st_size - head->front_bytes != head->block_bytes))
        *st = bad(why, "its size is not what it should be");
    if (*st != OK)
        return NULL;
    uint8_t *front = mem_room((size_t)head->front_bytes);
    *st = front ? read_at(fd, front, (size_t)head->front_bytes, 0) : E_NOMEM;
    if (*st == OK) {
        memset(front + offsetof(struct snapshot_head, front_sum), 0, sizeof head->front_sum);
        if (snapshot_front_sum(front, (size_t)head->front_bytes) != head->front_sum)
            *st = bad(why, "the checksum of its head is wrong");
    }
    if (*st == OK)
        return front;
    mem_free(front);
    return NULL;
}

/* Whether it is of the zone and sources that are wanted. */
static enum status match(const uint8_t *bytes, const struct snapshot_head *head, const struct zone_snapshot_wanted *wanted, struct zone_snapshot *out,
                         const char **why)
{
    struct front front = { bytes + sizeof *head, bytes + head->front_bytes };
    const uint8_t *origin = front_take(&front, head->origin_bytes), *note = front_take(&front, head->note_bytes);
    if (!origin || !note || head->note_bytes > ZONE_SNAPSHOT_NOTE_MAX || memchr(note, 0, head->note_bytes))
        return bad(why, "its head is damaged");
    if (head->klass != wanted->klass || head->origin_bytes != wanted->origin.length)
        return E_AGAIN;
    for (size_t i = 0; i < head->origin_bytes; i++) {
        if (ascii_lower(origin[i]) != ascii_lower(wanted->origin.wire[i]))
            return E_AGAIN;
    }
    out->note = front_string(note, head->note_bytes);
    enum status st = out->note ? read_files(&front, head->files, &out->files, why) : E_NOMEM;
    if (st == OK && (strcmp(out->files.files[0].path, wanted->source) != 0 || zone_files_changed(&out->files)))
        st = E_AGAIN;
    return st;
}

/* Each thread reads and sums a stretch of its own: what has just been read is summed out of the cache. */
struct reading {
    int fd;
    uint8_t *block;
    uint64_t bytes, offset, *sums;
    unsigned threads;
    enum status results[ZONE_SNAPSHOT_THREADS_MAX];
};
static void read_stretch(void *context, unsigned index)
{
    struct reading *r = context;
    size_t pieces = snapshot_pieces(r->bytes), end = pieces * (index + 1) / r->threads;
    enum status st = OK;
    for (size_t i = pieces * index / r->threads; i < end && st == OK; i++) {
        uint64_t at = (uint64_t)i * SNAPSHOT_PIECE;
        size_t bytes = r->bytes - at < SNAPSHOT_PIECE ? (size_t)(r->bytes - at) : SNAPSHOT_PIECE;
        st = read_at(r->fd, r->block + at, bytes, r->offset + at);
        if (st == OK)
            r->sums[i] = snapshot_piece_sum(r->block + at, bytes);
    }
    r->results[index] = st;
}

static enum status read_block(int fd, const struct snapshot_head *head, unsigned threads, struct zone_version **out, const char **why)
{
    if (head->block_bytes < sizeof(struct zone_version) || head->block_bytes / GRANULE > UINT32_MAX)
        return bad(why, "its size is not what it should be");
    size_t pieces = snapshot_pieces(head->block_bytes);
    struct reading r = { .fd = fd, .bytes = head->block_bytes, .offset = head->front_bytes, .threads = threads > pieces ? (unsigned)pieces : threads };
    uint64_t sum = 0;
    enum status st = E_NOMEM;
    r.sums = mem_alloc(pieces * sizeof *r.sums);
    r.block = r.sums ? mem_room((size_t)head->block_bytes) : NULL;
    if (r.block) {
        zone_threads(r.threads, read_stretch, &r);
        st = OK;
    }
    for (unsigned i = 0; st == OK && i < r.threads; i++)
        st = r.results[i] == E_TRUNCATED ? bad(why, "its size is not what it should be") : r.results[i];
    for (size_t i = 0; st == OK && i < pieces; i++)
        sum = snapshot_sum_add(sum, r.sums[i]);
    if (st == OK && sum != head->block_sum)
        st = bad(why, "its checksum is wrong");
    mem_free(r.sums);
    if (st == OK)
        *out = (struct zone_version *)(void *)r.block;
    else
        mem_free(r.block);
    return st;
}

static unsigned threads_of(const struct zone_snapshot_wanted *wanted)
{
    unsigned threads = wanted->threads ? wanted->threads : 1;
    return threads > ZONE_SNAPSHOT_THREADS_MAX ? ZONE_SNAPSHOT_THREADS_MAX : threads;
}

enum status snapshot_load(int fd, const struct zone_snapshot_wanted *wanted, struct zone_snapshot *out, const char **why)
{
    struct snapshot_head head;
    struct zone_snapshot got = { 0 };
    enum status st;
    uint8_t *front = read_front(fd, &head, &st, why);
    if (front)
        st = match(front, &head, wanted, &got, why);
    mem_free(front);
    if (st == OK)
        st = read_block(fd, &head, threads_of(wanted), &got.version, why);
    if (st == OK) {
        got.version->builder = NULL;
        atomic_store_explicit(&got.version->holds, 0, memory_order_relaxed);
        *why = snapshot_check(got.version, head.block_bytes, wanted);
        st = *why ? E_BAD_FORMAT : OK;
    }
    if (st == OK) {
        *out = got;
        return OK;
    }
    mem_free(got.version);      /* not zone_version_free: nothing in it is to be trusted */
    zone_files_clear(&got.files);
    mem_free(got.note);
    return st;
}

enum status zone_snapshot_open(const char *path, const struct zone_snapshot_wanted *wanted, struct zone_snapshot *out, const char **why)
{
    struct stat facts;
    const char *reason = NULL;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return E_NOT_FOUND;
    if (fd < 0 && errno != ELOOP)
        return E_SYSTEM;
    enum status st = E_BAD_FORMAT;
    if (fd < 0 || fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode))
        reason = "it is no plain file";
    else if (facts.st_uid != geteuid() || (facts.st_mode & 022))
        reason = "others may write it";
    else
        st = snapshot_load(fd, wanted, out, &reason);
    if (fd >= 0)
        close(fd);
    if (why)
        *why = reason;
    return st;
}

bool snapshot_reseal(uint8_t *image, size_t bytes)
{
    struct snapshot_head head;
    if (bytes < sizeof head)
        return false;
    memcpy(&head, image, sizeof head);
    if (head.front_bytes < sizeof head || head.front_bytes > SNAPSHOT_FRONT_MAX || head.front_bytes > bytes)
        return false;
    snapshot_seal_front(image, snapshot_front_sum(image + head.front_bytes, bytes - (size_t)head.front_bytes));
    return true;
}
