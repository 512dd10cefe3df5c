/* Parser of Accept (RFC 9110 §12.5.1) for request.h. */
#include "http/request.h"

/* Specificity of a range; the most specific one that matches decides. */
enum specificity { MATCH_NONE, MATCH_ANY, MATCH_TYPE, MATCH_EXACT };

#define WEIGHT_MAX 1000

struct range {
	struct str type, subtype;
	unsigned weight; /* thousandths; 0: not acceptable */
};

static bool is_token(struct str s)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && !(c >= '0' && c <= '9') && (c == '\0' || !strchr(others, c)))
			return false;
	}
	return s.len > 0;
}

/*
 * 0 to 1. Accepts `.2` (old Java) and more than three digits, unlike RFC 9110. The others do not
 * count, but what is above 0 remains acceptable.
 */
static bool parse_weight(unsigned *weight, struct str text)
{
	bool above = false, one = false, digits = false;
	unsigned thousandths = 0, place = 1000;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '.' && (i == 0 || (i == 1 && digits))) {
			place = 100;
			continue;
		}
		if (c < '0' || c > '9' || (i == 0 && c > '1') || (i == 1 && text.ptr[0] != '.'))
			return false;
		if (one && c != '0')
			return false;
		one |= i == 0 && c == '1';
		above |= c != '0';
		digits = true;
		thousandths += (unsigned)(c - '0') * place;
		place /= 10;
	}
	*weight = above && thousandths == 0 ? 1 : thousandths;
	return digits;
}

static bool parse_range(struct range *range, struct str text)
{
	struct str subtype = str_split_quoted(&text, ';'), type = str_split_next(&subtype, '/');
	unsigned weight = WEIGHT_MAX;

	if (!subtype.ptr)
		return false;
	range->type = type;
	range->subtype = subtype;
	if (!is_token(range->type) || !is_token(range->subtype))
		return false;
	if (str_eq(range->type, STR("*")) && !str_eq(range->subtype, STR("*")))
		return false;
	while (text.len > 0) {
		struct str parameter = str_split_quoted(&text, ';');

		if (parameter.len >= 2 && (parameter.ptr[0] | 0x20) == 'q' &&
			parameter.ptr[1] == '=' && !parse_weight(&weight, str_skip(parameter, 2)))
			return false;
	}
	range->weight = weight;
	return true;
}

static enum specificity range_specificity(
	const struct range *range, const char *type, const char *subtype)
{
	if (str_eq(range->type, STR("*")))
		return MATCH_ANY;
	if (!str_eq_nocase(range->type, str_cstr(type)))
		return MATCH_NONE;
	if (str_eq(range->subtype, STR("*")))
		return MATCH_TYPE;
	return str_eq_nocase(range->subtype, str_cstr(subtype)) ? MATCH_EXACT : MATCH_NONE;
}

struct negotiation {
	enum specificity closest;
	unsigned weight;
	bool asked; /* the field is not empty, valid or not */
};

static void match_header(
	struct negotiation *negotiation, struct str header, const char *type, const char *subtype)
{
	while (header.len > 0) {
		struct str part = str_split_quoted(&header, ',');
		enum specificity close;
		struct range range;

		negotiation->asked |= part.len > 0;
		if (!parse_range(&range, part))
			continue;
		close = range_specificity(&range, type, subtype);
		if (close == MATCH_NONE || close < negotiation->closest)
			continue;
		/* Of ranges that differ only in parameters, the one with the highest weight counts. */
		if (close > negotiation->closest || range.weight > negotiation->weight)
			negotiation->weight = range.weight;
		negotiation->closest = close;
	}
}

unsigned request_accept_weight(
	const struct request *request, const char *type, const char *subtype, bool *named)
{
	struct negotiation negotiation = { .closest = MATCH_NONE };

	/* Fields of the same name form one list (RFC 9110 §5.3). */
	for (size_t i = 0; i < request->cgi_param_count; i++) {
		if (str_eq(request->cgi_params[i].name, STR("HTTP_ACCEPT")))
			match_header(&negotiation, request->cgi_params[i].value, type, subtype);
	}
	*named = negotiation.closest == MATCH_EXACT;
	return negotiation.asked ? negotiation.weight : WEIGHT_MAX;
}

bool request_accepts(const struct request *request, const char *type, const char *subtype)
{
	bool named;

	return request_accept_weight(request, type, subtype, &named) > 0;
}

bool request_check_accepts_json(const struct request *request, struct err *err)
{
	return request_accepts(request, "application", "json") ||
	       err_set(err, ERR_NOT_ACCEPTABLE, "Accept", NULL);
}
