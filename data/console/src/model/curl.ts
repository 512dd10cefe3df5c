/** Requests as commands for a POSIX shell. They name a variable for the token, so that they can be shared. */
import type { ClientRequest } from "./clientview.ts";

/** The text as one word of a POSIX shell. */
export function shellQuote(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}

/** `origin` of the service, such as https://tasks.example.com. */
export function curl({ path, headers }: ClientRequest, origin: string): string {
	const parts = ['curl -H "Authorization: Bearer $POLYTASK_TOKEN"'];
	// The certificate of ./bootstrap run, whose demo.env has both variables.
	if (/^https:\/\/(localhost|127\.[\d.]+|\[::1\])(:|$)/.test(origin))
		parts.push('--cacert "$POLYTASK_CACERT"');
	if (/[[\]{}]/.test(path)) parts.push("--globoff");
	for (const [name, value] of Object.entries(headers)) parts.push(`-H ${shellQuote(`${name}: ${value}`)}`);
	return [...parts, shellQuote(origin + path)].join(" \\\n  ");
}
