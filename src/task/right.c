#include "task/right.h"

#include <stdio.h>

#define NONE "none"

static const struct {
	enum right right;
	const char *name;
} words[] = {
	{ RIGHT_READ, "read" },
	{ RIGHT_WRITE, "write" },
	{ RIGHT_WORK, "work" },
	{ RIGHT_ADMIN, "admin" },
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static unsigned right_from_name(struct str word)
{
	for (size_t i = 0; i < WORDS; i++) {
		if (str_eq(word, str_cstr(words[i].name)))
			return words[i].right;
	}
	return RIGHT_NONE;
}

bool rights_parse(unsigned *rights, struct str text)
{
	unsigned sum = 0;

	if (str_eq(text, STR(NONE))) {
		*rights = RIGHT_NONE;
		return true;
	}
	do {
		unsigned right = right_from_name(str_split_next(&text, ','));

		if (right == RIGHT_NONE)
			return false;
		sum |= right;
	} while (text.ptr);
	*rights = sum;
	return true;
}

void rights_format(unsigned rights, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "%s", rights & RIGHT_ALL ? "" : NONE);
	for (size_t i = 0; i < WORDS; i++) {
		if (!(rights & words[i].right) || used >= size)
			continue;
		used += (size_t)snprintf(
			text + used, size - used, "%s%s", used ? "," : "", words[i].name);
	}
}
