/* See scan_history.h. */
#include "cli/scan_history.h"

#include <stdlib.h>

#include "cli/scan_git.h"

enum { SIGHTINGS_MAX = 100000, SIGHTINGS_EACH = 1000, GROW = 256 };

enum object_type { TYPE_BLOB, TYPE_COMMIT, TYPE_TREE, TYPE_TAG, TYPE_ANY, TYPES };

static const struct {
	const char *name, *path;
} types[TYPES] = {
	[TYPE_BLOB] = {"blob", "(no file)"}, [TYPE_COMMIT] = {"commit", "(message)"},
	[TYPE_TREE] = {"tree", "(file name)"}, [TYPE_TAG] = {"tag", "(tag)"}, [TYPE_ANY] = {"", "(object)"},
};

/* A secret in an object. */
struct sighting {
	size_t secret;
	char id[SCAN_GIT_ID_MAX];
	size_t id_len;
	enum object_type type;
	enum scan_form form;
	uint64_t line;
	/* of a blob, once it is known */
	char commit[SCAN_GIT_ID_MAX];
	size_t commit_len;
	int64_t time_s;
	char *path;
	size_t path_len;
};

struct history {
	struct scan_found *found;
	const struct scan_wish *wish;
	struct sighting *sightings;
	size_t n;
	uint16_t *counts;     /* of a secret's sightings; SCAN_SECRETS_MAX */
	/* the object that is read now */
	struct scan scan;
	char id[SCAN_GIT_ID_MAX];
	size_t id_len;
	enum object_type type;
	uint64_t head_lines;  /* of a commit or tag, with the empty one behind them */
	bool in_head, line_is_empty;
};

/* --- reading objects --- */

static int compare_ids(const struct sighting *a, const struct sighting *b)
{
	return str_cmp(str_mem(a->id, a->id_len), str_mem(b->id, b->id_len));
}

/* Lines of a message are counted without the head before it. */
static uint64_t line_of(const struct history *history, uint64_t line)
{
	return line > history->head_lines && !history->in_head ? line - history->head_lines : 1;
}

static bool is_known(const struct history *history, size_t secret)
{
	for (size_t i = history->n; i > 0; i--) { /* sightings of one object stand together */
		const struct sighting *other = &history->sightings[i - 1];
		if (!str_eq(str_mem(other->id, other->id_len), str_mem(history->id, history->id_len)))
			return false;
		if (other->secret == secret)
			return true;
	}
	return false;
}

static struct sighting *grow(struct history *history)
{
	if (history->n == SIGHTINGS_MAX)
		return NULL;
	if (history->n % GROW == 0) {
		struct sighting *grown = realloc(history->sightings, (history->n + GROW) * sizeof(*grown));
		if (!grown)
			return NULL;
		history->sightings = grown;
	}
	return &history->sightings[history->n];
}

static void note(void *arg, const struct scan_hit *hit)
{
	struct history *history = arg;
	size_t secret;
	if (scan_found_remember(history->found, hit, &secret) < 0 || history->counts[secret] == SIGHTINGS_EACH ||
	    is_known(history, secret))
		return;
	struct sighting *sighting = grow(history);
	if (!sighting) {
		history->found->is_full = true;
		return;
	}
	*sighting = (struct sighting){.secret = secret, .id_len = history->id_len, .type = history->type,
				      .form = hit->form, .line = line_of(history, hit->line)};
	memcpy(sighting->id, history->id, history->id_len);
	history->counts[secret]++;
	history->n++;
}

static enum object_type type_of(struct str name)
{
	for (int i = 0; i < TYPE_ANY; i++)
		if (str_eq(name, str_of(types[i].name)))
			return (enum object_type)i;
	return TYPE_ANY;
}

static void begin(void *arg, const struct scan_git_object *object)
{
	struct history *history = arg;
	memcpy(history->id, object->id.p, object->id.len);
	history->id_len = object->id.len;
	history->type = type_of(object->type);
	history->in_head = history->type == TYPE_COMMIT || history->type == TYPE_TAG;
	history->line_is_empty = false;
	history->head_lines = 0;
	scan_begin(&history->scan, history->wish, note, history);
}

static void count_head(struct history *history, struct str bytes)
{
	for (size_t i = 0; i < bytes.len && history->in_head; i++) {
		if (bytes.p[i] == '\n') {
			history->head_lines++;
			history->in_head = !history->line_is_empty;
		}
		history->line_is_empty = bytes.p[i] == '\n';
	}
}

static void read_bytes(void *arg, struct str bytes)
{
	struct history *history = arg;
	if (history->in_head)
		count_head(history, bytes);
	scan_feed(&history->scan, bytes);
}

static void end(void *arg) { scan_end(&((struct history *)arg)->scan); }

/* --- finding the places --- */

static int order_by_id(const void *a, const void *b) { return compare_ids(a, b); }

static struct sighting *find_first(const struct history *history, struct str id)
{
	size_t low = 0, high = history->n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct sighting *sighting = &history->sightings[middle];
		if (str_cmp(str_mem(sighting->id, sighting->id_len), id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return &history->sightings[low];
}

static void settle(struct sighting *sighting, const struct scan_git_change *change)
{
	if (sighting->path && sighting->time_s <= change->time_s)
		return;
	char *path = malloc(change->path.len + 1);
	if (!path)
		return;
	memcpy(path, change->path.p, change->path.len);
	free(sighting->path);
	sighting->path = path;
	sighting->path_len = change->path.len;
	sighting->time_s = change->time_s;
	memcpy(sighting->commit, change->commit.p, change->commit.len);
	sighting->commit_len = change->commit.len;
}

static void take_change(void *arg, const struct scan_git_change *change)
{
	struct history *history = arg;
	struct sighting *last = history->sightings + history->n;
	for (struct sighting *at = find_first(history, change->blob);
	     at < last && str_eq(str_mem(at->id, at->id_len), change->blob); at++)
		settle(at, change);
}

/* Of one secret: in files first, the oldest commit first, what no commit has last. */
static int order_by_age(const void *a, const void *b)
{
	const struct sighting *x = a, *y = b;
	if (x->secret != y->secret)
		return x->secret < y->secret ? -1 : 1;
	if ((x->path != NULL) != (y->path != NULL))
		return x->path ? -1 : 1;
	if (x->path && x->time_s != y->time_s)
		return x->time_s < y->time_s ? -1 : 1;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return compare_ids(x, y);
}

static void report(const struct history *history, const struct sighting *sighting, const char *name)
{
	struct str id = {sighting->id, sighting->id_len};
	struct scan_place place = {.repository = str_of(name), .line = sighting->line, .form = sighting->form,
				   .path = str_of(types[sighting->type].path)};
	if (sighting->path) {
		place.path = (struct str){sighting->path, sighting->path_len};
		place.commit = (struct str){sighting->commit, sighting->commit_len};
	}
	if (sighting->type == TYPE_COMMIT)
		place.commit = id;
	else
		place.object = id;
	scan_found_place(history->found, sighting->secret, &place);
}

/* A history says the same many times: of each secret one place in files, and one elsewhere. */
static void report_all(const struct history *history, const char *name)
{
	const struct sighting *before = NULL;
	for (size_t i = 0; i < history->n; i++) {
		const struct sighting *sighting = &history->sightings[i];
		if (!before || before->secret != sighting->secret ||
		    (before->type == TYPE_BLOB) != (sighting->type == TYPE_BLOB))
			report(history, sighting, name);
		before = sighting;
	}
}

/* --- a repository --- */

static int search(struct history *history, struct scan_git *git, const char *name)
{
	const struct scan_git_reader reader = {begin, read_bytes, end, history};
	int rc = scan_git_read(git, &reader);
	if (history->n > 0) {
		qsort(history->sightings, history->n, sizeof(*history->sightings), order_by_id);
		int changes = scan_git_changes(git, take_change, history);
		rc = rc < 0 ? rc : changes;
		qsort(history->sightings, history->n, sizeof(*history->sightings), order_by_age);
	}
	report_all(history, name);
	return rc;
}

static void done(struct history *history)
{
	for (size_t i = 0; i < history->n; i++)
		free(history->sightings[i].path);
	free(history->sightings);
	free(history->counts);
	secret_wipe(&history->scan, sizeof(history->scan));
	free(history);
}

static int run(struct scan_found *found, const struct scan_wish *wish, struct scan_git *git, const char *name)
{
	struct history *history = calloc(1, sizeof(*history));
	if (!history)
		return E_NOMEM;
	history->found = found;
	history->wish = wish;
	history->counts = calloc(SCAN_SECRETS_MAX, sizeof(*history->counts));
	int rc = history->counts ? search(history, git, name) : E_NOMEM;
	done(history);
	return rc;
}

void scan_history(struct scan_found *found, const struct scan_wish *wish, const char *git_dir, const char *objects,
		  const char *name)
{
	struct scan_git *git;
	int rc = scan_git_open(git_dir, objects, &git);
	if (rc == 0) {
		rc = run(found, wish, git, name);
		scan_git_close(git);
	}
	if (rc == E_ABSENT)
		scan_found_complain(found, name, "its history is not searched: there is no git, or no place for "
						 "temporary files");
	else if (rc < 0)
		scan_found_complain(found, name, "not all of its history can be read (git fsck says why)");
}
