#pragma once
/*
 * Internal to src/admin: splits a stream of JSON documents into the objects of their lists,
 * without holding a document in memory. A document is an array of objects, an object whose member
 * `list` has the array or one object, or else one object itself; several may follow each other,
 * such as the pages of a list. The text of an object is not parsed here.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

#define DOCUMENT_ITEM_MAX ((size_t)8 * 1024 * 1024)

enum document_place {
	DOCUMENT_BETWEEN = 0, /* before, between and behind documents */
	DOCUMENT_IN_ARRAY,
	DOCUMENT_IN_LIST, /* the array of an object */
	DOCUMENT_IN_OBJECT,
};

/* Set in and list (NULL: none), zero the others; free it at the end. */
struct document_reader {
	FILE *in;
	const char *list;
	enum document_place place;
	bool first;	    /* the array or object has had no element */
	bool listed;	    /* the object had the member `list` */
	uint64_t documents; /* begun */
	struct buf item;    /* the text of the last object */
	struct buf single;  /* the members before `list`: the whole object if it has no `list` */
};

/*
 * Reads the next object: *end false and its text, which is borrowed until the next call, or *end
 * true. ERR_MALFORMED if the text between objects is not JSON or the input ends in a document,
 * ERR_TOO_LARGE if an object, or the members before `list`, have more than DOCUMENT_ITEM_MAX bytes;
 * ERR_NO_MEMORY.
 */
bool document_next(struct document_reader *reader, struct str *text, bool *end, struct err *err);
void document_reader_free(struct document_reader *reader);
