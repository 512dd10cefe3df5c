/*
 * Rows of `export --all`: each row of a store with every kind of row is changed in every way that
 * no command or request could have made, and import refuses each change. The changes follow from
 * the types of the members, so a new member is covered without a change here.
 */
#include <stdlib.h>

#include "admin/full_store.h"
#include "base/encode.h"
#include "http/json.h"

#define YEAR_10000 INT64_C(253402300800000)

static size_t refused; /* lines so far */

static void refuse_row(const char *table, struct str key, struct str value)
{
	char *text = malloc(BASE64URL_SIZE(key.len) + BASE64URL_SIZE(value.len));
	char *line;
	size_t key_size = BASE64URL_SIZE(key.len);

	assert_non_null(text);
	base64url_encode(text, key.ptr, key.len);
	base64url_encode(text + key_size, value.ptr, value.len);
	assert_true(asprintf(&line, "{\"table\":\"%s\",\"key\":\"%s\",\"value\":\"%s\"}\n", table,
			    text, text + key_size) > 0);
	expect_refused_line(line);
	refused++;
	free(line);
	free(text);
}

/* ---- rows whose value is JSON ---- */

static void refuse_json(const char *table, struct str key, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);

	assert_non_null(text);
	refuse_row(table, key, str_cstr(text));
	free(text);
}

/* Takes the value. */
static void refuse_member(
	const char *table, struct str key, const json_t *row, const char *name, json_t *value)
{
	json_t *changed = json_deep_copy(row);

	assert_int_equal(json_object_set_new(changed, name, value), 0);
	refuse_json(table, key, changed);
	json_decref(changed);
}

static void refuse_texts(const char *table, struct str key, const json_t *row, const char *name)
{
	char longer[5001];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	refuse_member(table, key, row, name, json_string(longer));
	refuse_member(table, key, row, name, json_string(""));
	refuse_member(table, key, row, name, json_string("a\nb"));
	refuse_member(table, key, row, name, json_stringn("a\0b", 3));
	refuse_member(table, key, row, name, json_integer(1));
}

static void refuse_numbers(const char *table, struct str key, const json_t *row, const char *name)
{
	refuse_member(table, key, row, name, json_integer(-1));
	refuse_member(table, key, row, name, json_integer(YEAR_10000));
	refuse_member(table, key, row, name, json_integer(INT64_MAX));
	refuse_member(table, key, row, name, json_string("1"));
}

static bool is_optional(const char *name)
{
	static const char *const optional[] = { "password", "password_since", "password_expires",
		"networks", "replaced", "login", "refresh", "pair", "dialects", "previous",
		"previous_until" };

	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
		if (strcmp(name, optional[i]) == 0)
			return true;
	}
	return false;
}

static void refuse_without(const char *table, struct str key, const json_t *row, const char *name)
{
	bool user = strcmp(table, "users") == 0;
	json_t *changed;

	if (is_optional(name) || (user && strcmp(name, "expires") == 0) ||
		(!user && strcmp(name, "revoked") == 0))
		return;
	changed = json_deep_copy(row);
	json_object_del(changed, name);
	refuse_json(table, key, changed);
	json_decref(changed);
}

static void refuse_members(const char *table, struct str key, json_t *row)
{
	const char *name;
	json_t *value;

	json_object_foreach (row, name, value) {
		refuse_without(table, key, row, name);
		refuse_member(table, key, row, name, json_null());
		refuse_member(table, key, row, name, json_array());
		refuse_member(table, key, row, name, json_object());
		refuse_member(table, key, row, name, json_real(1.5));
		if (json_is_string(value))
			refuse_texts(table, key, row, name);
		if (json_is_integer(value))
			refuse_numbers(table, key, row, name);
		if (!json_is_boolean(value))
			refuse_member(table, key, row, name, json_true());
	}
	refuse_member(table, key, row, "colour", json_integer(1));
}

static void refuse_text(const char *table, struct str key, struct str value)
{
	struct buf text = BUF_INIT;
	static const struct str wrong[] = { STR(""), STR("[]"), STR("null"), STR("x"),
		STR("\xFF") };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refuse_row(table, key, wrong[i]);
	buf_puts(&text, "{\"rights\":\"read\",");
	buf_put_str(&text, str_skip(value, 1));
	refuse_row(table, key, buf_str(&text));
	buf_reset(&text);
	buf_put_str(&text, value);
	buf_putc(&text, '\0');
	refuse_row(table, key, buf_str(&text));
	buf_free(&text);
}

/* ---- rows whose value is not text ---- */

/* A row of each shorter length, and with a byte more. */
static void refuse_lengths(const char *table, struct str key, struct str value)
{
	struct buf longer = BUF_INIT;

	for (size_t len = 0; len < value.len; len++)
		refuse_row(table, key, (struct str){ value.ptr, len });
	buf_put_str(&longer, value);
	buf_putc(&longer, 'x');
	refuse_row(table, key, buf_str(&longer));
	buf_free(&longer);
}

static void refuse_values(const char *table, struct str key, const struct str *values)
{
	for (; values->ptr; values++)
		refuse_row(table, key, *values);
}

static const struct str wrong_numbers[] = { STR(""), STR("0"), STR("-1"), STR("007"), STR("1x"),
	STR("1\0"), STR("9000000000000001"), STR("9007199254740993"), STR("18446744073709551615"),
	STR_NULL };
static const struct str wrong_quotas[] = { STR("\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"),
	STR("\0\0\0\0\0\0\0\1\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE"), STR_NULL };

/* Texts of webhooks (full_store.c), and others of the same length that no request can set. */
static const struct {
	struct str text, changed;
} wrong_texts[] = {
	{ STR("https://"), STR("httpx://") },
	{ STR("https://hooks"), STR("https://user@") },
	{ STR("hooks.example"), STR("hooks exampl\xC3") },
	{ STR("Play-out"), STR("Play\nout") },
	{ STR("X-Other"), STR("Upgrade") },
	{ STR("X-Other"), STR("x other") },
	{ STR("of a receiver"), STR(" f a receiver") },
	{ STR("aa\x01"), STR("a\0\x01") },
	{ STR("encode"), STR("enc\0de") },
	{ STR("operator"), STR("operat\0r") },
};

/* The first bytes: format, method, parallel, enabled. */
static const char wrong_numbers_of_webhooks[][2] = { { 1, 127 }, { 1, 0 }, { 2, 0 }, { 2, 4 },
	{ 3, 0 }, { 3, 17 }, { 4, 2 } };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void refuse_webhook(struct str key, struct str value)
{
	struct buf changed = BUF_INIT;

	for (size_t i = 0; i < COUNT(wrong_texts); i++) {
		struct str text = wrong_texts[i].text;
		const char *at = memmem(value.ptr, value.len, text.ptr, text.len);

		if (!at)
			continue;
		buf_reset(&changed);
		buf_put_str(&changed, value);
		memcpy(changed.data + (at - value.ptr), wrong_texts[i].changed.ptr, text.len);
		refuse_row("webhooks", key, buf_str(&changed));
	}
	for (size_t i = 0; i < COUNT(wrong_numbers_of_webhooks); i++) {
		buf_reset(&changed);
		buf_put_str(&changed, value);
		changed.data[(size_t)wrong_numbers_of_webhooks[i][0]] =
			wrong_numbers_of_webhooks[i][1];
		refuse_row("webhooks", key, buf_str(&changed));
	}
	buf_free(&changed);
}

static void refuse_bytes(const char *table, struct str key, struct str value)
{
	struct buf changed = BUF_INIT;
	bool is_key = strcmp(table, "idempotency") == 0;

	if (strcmp(table, "numbers") == 0) {
		refuse_values(table, key, wrong_numbers);
		return;
	}
	refuse_lengths(table, key, value);
	if (strcmp(table, "quotas") == 0)
		refuse_values(table, key, wrong_quotas);
	if (strcmp(table, "webhooks") == 0)
		refuse_webhook(key, value);
	buf_put_str(&changed, value);
	/* the time of a key, the version of its record; a count has neither */
	for (size_t at = 0; is_key && value.len > 16 && at <= 44; at += 44) {
		changed.data[at] = (char)(changed.data[at] ^ 0x40);
		refuse_row(table, key, buf_str(&changed));
		changed.data[at] = value.ptr[at];
	}
	buf_free(&changed);
}

/* ---- keys ---- */

static void refuse_keys(const char *table, struct str key, struct str value)
{
	char longer[600];
	struct buf changed = BUF_INIT;

	memset(longer, 'a', sizeof(longer));
	refuse_row(table, STR(""), value);
	refuse_row(table, (struct str){ longer, sizeof(longer) }, value);
	refuse_row(table, STR("a b"), value);
	buf_put_str(&changed, key);
	buf_puts(&changed, strcmp(table, "idempotency") == 0 ? "\x7F" : " ");
	refuse_row(table, buf_str(&changed), value);
	buf_free(&changed);
}

static void refuse_changes(const char *table, struct str key, struct str value)
{
	struct err err = { 0 };
	json_t *row;

	refuse_keys(table, key, value);
	if (value.ptr[0] != '{') {
		refuse_bytes(table, key, value);
		return;
	}
	must(json_parse_object(&row, value, &err), &err);
	refuse_members(table, key, row);
	refuse_text(table, key, value);
	json_decref(row);
}

static struct str decode(const json_t *line, const char *name, char *bytes, size_t size)
{
	struct str decoded = { bytes, 0 };

	assert_true(
		base64url_decode(bytes, size, &decoded.len, json_str(json_object_get(line, name))));
	return decoded;
}

static void no_changed_row_is_imported(void **state)
{
	char *before, *text, *after;

	(void)state;
	fill_store();
	before = export_all();
	text = strdup(before);
	assert_non_null(text);
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		char key[1024], value[8192];
		json_t *json = json_loads(line, 0, NULL);
		const char *table = json_string_value(json_object_get(json, "table"));

		if (table)
			refuse_changes(table, decode(json, "key", key, sizeof(key)),
				decode(json, "value", value, sizeof(value)));
		json_decref(json);
	}
	assert_true(refused > 1000);
	after = export_all();
	assert_same_rows(before, after);
	free(before);
	free(text);
	free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(no_changed_row_is_imported),
	};

	return CHECK_RUN(tests);
}
