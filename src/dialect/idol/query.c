/* What every route checks first: Accept, and the names of the query's parameters. */
#include "dialect/idol/idol.h"

/* ---- Accept ---- */

/* Splits off the part before a separator that is not in a quoted string (RFC 9110 §5.6.4). */
static struct str split_unquoted(struct str *rest, char separator)
{
	bool quoted = false;
	size_t i = 0;
	struct str part;

	for (; i < rest->len && (quoted || rest->ptr[i] != separator); i++) {
		if (rest->ptr[i] == '"')
			quoted = !quoted;
		else if (quoted && rest->ptr[i] == '\\' && i + 1 < rest->len)
			i++;
	}
	part = (struct str){ rest->ptr, i };
	*rest = i < rest->len ? str_skip(*rest, i + 1) : STR_NULL;
	return str_trim(part);
}

/* Whether a weight is 0: "0", "0.", "0.000" (RFC 9110 §12.4.2). */
static bool is_zero(struct str weight)
{
	size_t i = 1;

	if (weight.len == 0 || weight.ptr[0] != '0')
		return false;
	while (i < weight.len && (weight.ptr[i] == '.' || weight.ptr[i] == '0'))
		i++;
	return i == weight.len;
}

struct media_range {
	bool refused;  /* its weight is 0 */
	bool modified; /* it has a parameter other than a weight and profile */
};

/* JSON:API 1.1, §5.3: an unknown profile is ignored, an unknown extension is not. */
static void parse_range_params(struct media_range *range, struct str params)
{
	while (params.len > 0) {
		struct str value = split_unquoted(&params, ';'), name = value;

		name = str_trim(str_split_next(&value, '='));
		if (str_eq_nocase(name, STR("q")))
			range->refused |= is_zero(str_trim(value));
		else if (name.len > 0 && !str_eq_nocase(name, STR("profile")))
			range->modified = true;
	}
}

struct negotiation {
	bool present, acceptable, any, refused;
};

static void match_header(struct negotiation *negotiation, struct str header)
{
	while (header.len > 0) {
		struct str params = split_unquoted(&header, ',');
		struct str type = split_unquoted(&params, ';');
		struct media_range range = { 0 };

		negotiation->present |= type.len > 0;
		parse_range_params(&range, params);
		if (str_eq(type, STR("*/*")))
			negotiation->any |= !range.refused;
		else if (str_eq_nocase(type, STR(IDOL_MEDIA_TYPE)) && !range.modified) {
			negotiation->acceptable |= !range.refused;
			negotiation->refused |= range.refused;
		}
	}
}

bool idol_check_accept(const struct request *request, struct err *err)
{
	struct negotiation negotiation = { 0 };

	for (size_t i = 0; i < request->cgi_param_count; i++) {
		if (str_eq(request->cgi_params[i].name, STR("HTTP_ACCEPT")))
			match_header(&negotiation, request->cgi_params[i].value);
	}
	if (negotiation.acceptable || !negotiation.present ||
		(negotiation.any && !negotiation.refused))
		return true;
	return idol_set_error(err, request->arena, IDOL_NOT_ACCEPTABLE,
		request_cgi_param(request, "HTTP_ACCEPT"), STR_NULL);
}

bool idol_has_extension(struct str content_type)
{
	split_unquoted(&content_type, ';');
	while (content_type.len > 0) {
		struct str name = split_unquoted(&content_type, ';');

		if (str_eq_nocase(str_trim(str_split_next(&name, '=')), STR("ext")))
			return true;
	}
	return false;
}

/* ---- names ---- */

static const struct {
	const char *family;
	bool keyed;	/* has a key in brackets */
	bool list_only; /* for lists only */
} families[] = {
	{ "fields", true, false },
	{ "filter", true, true },
	{ "include", false, false },
	{ "page", true, true },
	{ "sort", false, true },
};

#define FAMILY_COUNT (sizeof(families) / sizeof(families[0]))

/* Splits "[key]" off the front. */
static bool split_key(struct str *rest, struct str *key)
{
	struct str after = *rest, part = str_split_next(&after, ']');

	if (!str_starts(part, STR("[")) || !after.ptr)
		return false;
	*key = str_skip(part, 1);
	*rest = after;
	return true;
}

/* "" or a number: a place in an array, as clients of PHP and Rails write it. */
static bool is_place(struct str key)
{
	uint64_t place;

	return key.len == 0 || str_to_u64(key, &place);
}

/*
 * The parameter's name without a place in an array at its end: "sort[]" is "sort", with *is_list.
 * Returns false if no family has such a name.
 */
static bool parse_name(struct str name, bool list_route, struct str *base, bool *is_list)
{
	struct str rest = name, key, family = str_split_next(&rest, '[');
	size_t i = 0;

	while (i < FAMILY_COUNT && !str_eq(family, str_cstr(families[i].family)))
		i++;
	if (i == FAMILY_COUNT || (families[i].list_only && !list_route))
		return false;
	rest = str_skip(name, family.len);
	*base = name;
	*is_list = false;
	if (rest.len == 0)
		return true;
	if (!split_key(&rest, &key))
		return false;
	if (!families[i].keyed) {
		if (rest.len > 0 || !is_place(key))
			return false;
		*is_list = true;
		*base = family;
		return true;
	}
	*base = (struct str){ name.ptr, name.len - rest.len };
	if (rest.len == 0)
		return true;
	*is_list = split_key(&rest, &key) && rest.len == 0 && is_place(key);
	return *is_list;
}

/* ---- lists of values ---- */

static bool append_value(struct pair *pair, struct str value, struct arena *arena, struct err *err)
{
	char *text = arena_alloc(arena, pair->value.len + 1 + value.len + 1);

	if (!text)
		return err_no_memory(err);
	memcpy(text, pair->value.ptr, pair->value.len);
	text[pair->value.len] = ',';
	memcpy(text + pair->value.len + 1, value.ptr, value.len);
	pair->value = (struct str){ text, pair->value.len + 1 + value.len };
	text[pair->value.len] = '\0';
	return true;
}

/* The last of the first `count` pairs with that name, or NULL. */
static struct pair *find_pair(struct request *request, size_t count, struct str name)
{
	while (count > 0) {
		if (str_eq(request->query[--count].name, name))
			return &request->query[count];
	}
	return NULL;
}

/* nginx has checked it. */
static bool is_credential(struct str name)
{
	for (size_t i = 0; i < AUTH_SOURCES_MAX; i++) {
		const struct credential_source *source = &idol_auth.sources[i];

		if (source->kind == SOURCE_QUERY && str_eq(name, str_cstr(source->name)))
			return true;
	}
	return false;
}

bool idol_normalize_query(struct request *request, bool list_route, struct err *err)
{
	size_t kept = 0, count = request->query_count;

	for (size_t i = 0; i < count; i++) {
		struct pair pair = request->query[i], *earlier;
		bool is_list;

		if (is_credential(pair.name))
			continue;
		if (!parse_name(pair.name, list_route, &pair.name, &is_list))
			return idol_set_error(err, request->arena, IDOL_PARAM_NOT_ALLOWED,
				request->query[i].name, STR_NULL);
		earlier = is_list ? find_pair(request, kept, pair.name) : NULL;
		if (!earlier)
			request->query[kept++] = pair;
		else if (!append_value(earlier, pair.value, request->arena, err))
			return false;
	}
	request->query_count = kept;
	return true;
}
