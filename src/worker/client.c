#include "worker/client.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "worker/fatal.h"

#define CONNECT_TIMEOUT_MS 10000L
#define HEADER_LINE_MAX	   65536

struct client_request {
	struct client_request *next, **link;
	CURL *easy;
	struct buf body, answer;
	struct client_call call;
	bool too_large;
	int64_t date_ms;
	char error[CURL_ERROR_SIZE];
};

struct client {
	const struct client_config *config;
	CURLM *multi;
	struct curl_slist *headers;
	struct client_request *requests;
	struct curl_waitfd *fds; /* reused by each wait */
	size_t fds_capacity;
};

static void add_header(struct client *client, const char *line)
{
	client->headers = need(curl_slist_append(client->headers, line));
}

bool client_new(struct client **client, const struct client_config *config, struct err *err)
{
	struct client *new = need(calloc(1, sizeof(*new)));
	struct buf line = BUF_INIT;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		free(new);
		return err_set(err, ERR_INTERNAL, NULL, "libcurl cannot be initialised");
	}
	new->config = config;
	new->multi = need(curl_multi_init());
	buf_printf(&line, "Authorization: Bearer %s", config->token);
	buf_putc(&line, '\0');
	need_buf(&line);
	add_header(new, line.data);
	explicit_bzero(line.data, line.len);
	buf_free(&line);
	add_header(new, "Content-Type: application/json");
	add_header(new, "Accept: application/json");
	add_header(new, "Prefer: return=minimal");
	/* Without it libcurl waits for 100 (Continue) before a large body. */
	add_header(new, "Expect:");
	*client = new;
	return true;
}

static void free_request(struct client *client, struct client_request *request)
{
	curl_multi_remove_handle(client->multi, request->easy);
	curl_easy_cleanup(request->easy);
	*request->link = request->next;
	if (request->next)
		request->next->link = request->link;
	buf_free(&request->body);
	buf_free(&request->answer);
	free(request);
}

void client_free(struct client *client)
{
	if (!client)
		return;
	while (client->requests)
		free_request(client, client->requests);
	curl_multi_cleanup(client->multi);
	for (struct curl_slist *line = client->headers; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(client->headers);
	free(client->fds);
	free(client);
	curl_global_cleanup();
}

/* ---- a request ---- */

static size_t take_body(char *bytes, size_t size, size_t count, void *data)
{
	struct client_request *request = data;
	size_t len = size * count;

	if (len > request->call.answer_max - request->answer.len) {
		request->too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	buf_put(&request->answer, bytes, len);
	need_buf(&request->answer);
	return len;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *data)
{
	static const struct str name = STR("date:");
	struct client_request *request = data;
	struct str line = { bytes, size * count }, value;
	char date[64] = "";
	time_t seconds;

	if (line.len > HEADER_LINE_MAX)
		return 0;
	if (line.len > name.len && str_eq_nocase((struct str){ line.ptr, name.len }, name)) {
		value = str_trim(str_skip(line, name.len));
		if (value.len < sizeof(date)) {
			memcpy(date, value.ptr, value.len);
			seconds = curl_getdate(date, NULL);
			request->date_ms = seconds < 0 ? -1 : (int64_t)seconds * 1000;
		}
	}
	return line.len;
}

/* Without protocols but HTTP: a redirect or a wrong URL cannot lead to files, for example. */
static void set_options(struct client *client, struct client_request *request)
{
	const struct client_config *config = client->config;
	bool tls = strncmp(config->url, "https:", 6) == 0;
	CURL *easy = request->easy;
	struct buf url = BUF_INIT;
	CURLcode code = CURLE_OK;

	buf_printf(&url, "%s%s", config->url, request->call.path);
	buf_putc(&url, '\0');
	need_buf(&url);
	code |= curl_easy_setopt(easy, CURLOPT_URL, url.data);
	code |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
	/* A proxy would see the token of a plain request. */
	if (!tls)
		code |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
	code |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	if (config->ca_file)
		code |= curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file);
	code |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client->headers);
	code |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->call.method);
	code |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
	code |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, buf_str(&request->body).ptr);
	code |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "polytaskctl/" POLYTASK_VERSION);
	code |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A cancelled request, or one whose time is over, does not wait for a slow name server. */
	code |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	code |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	code |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, request->call.timeout_ms);
	code |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	code |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	code |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	code |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	code |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	code |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error);
	code |= curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	buf_free(&url);
	if (code != CURLE_OK)
		fatal_no_memory();
}

struct client_request *client_send(struct client *client, const struct client_call *call)
{
	struct client_request *request = need(calloc(1, sizeof(*request)));

	request->call = *call;
	request->date_ms = -1;
	buf_put_str(&request->body, call->body);
	need_buf(&request->body);
	request->easy = need(curl_easy_init());
	set_options(client, request);
	request->next = client->requests;
	request->link = &client->requests;
	if (request->next)
		request->next->link = &request->next;
	client->requests = request;
	if (curl_multi_add_handle(client->multi, request->easy) != CURLM_OK)
		fatal_no_memory();
	return request;
}

void client_cancel(struct client *client, struct client_request *request)
{
	if (request)
		free_request(client, request);
}

static void finish(struct client *client, struct client_request *request, CURLcode code)
{
	struct client_answer answer = { .body = buf_str(&request->answer),
		.date_ms = request->date_ms };
	curl_off_t retry_after = 0;

	if (code == CURLE_OK) {
		curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &answer.status);
		curl_easy_getinfo(request->easy, CURLINFO_RETRY_AFTER, &retry_after);
		if (retry_after > 0)
			answer.retry_after = retry_after < 86400 ? (unsigned)retry_after : 86400;
	} else if (request->too_large) {
		answer.failure = "the response is too large";
	} else {
		answer.failure = request->error[0] ? request->error : curl_easy_strerror(code);
	}
	request->call.done(request->call.data, &answer);
	free_request(client, request);
}

/* ---- waiting ---- */

static void copy_fds(struct client *client, const struct pollfd *fds, size_t count, size_t *used)
{
	if (count > client->fds_capacity) {
		client->fds = need(realloc(client->fds, count * sizeof(*client->fds)));
		client->fds_capacity = count;
	}
	*used = 0;
	for (size_t i = 0; i < count; i++) {
		if (fds[i].fd < 0)
			continue;
		client->fds[*used] = (struct curl_waitfd){ .fd = fds[i].fd };
		if (fds[i].events & POLLIN)
			client->fds[*used].events |= CURL_WAIT_POLLIN;
		if (fds[i].events & POLLOUT)
			client->fds[*used].events |= CURL_WAIT_POLLOUT;
		(*used)++;
	}
}

void client_wait(struct client *client, const struct pollfd *fds, size_t count, int timeout_ms)
{
	struct client_request *request;
	int running, queued;
	CURLMsg *message;
	CURLcode code;
	size_t used;

	copy_fds(client, fds, count, &used);
	curl_multi_perform(client->multi, &running);
	/* A request that ended meanwhile has no descriptor that ends the wait. */
	message = curl_multi_info_read(client->multi, &queued);
	if (!message) {
		curl_multi_poll(client->multi, client->fds, (unsigned)used, timeout_ms, NULL);
		curl_multi_perform(client->multi, &running);
		message = curl_multi_info_read(client->multi, &queued);
	}
	for (; message; message = curl_multi_info_read(client->multi, &queued)) {
		if (message->msg != CURLMSG_DONE)
			continue;
		code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
		finish(client, request, code);
	}
}
