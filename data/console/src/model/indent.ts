/**
 * Indents JSON text. Only the space between its tokens changes, so numbers keep their digits. A string without an end
 * is one token up to the end of the text, so that a text that was cut off takes linear time, too.
 */

const TOKEN = /"[^"\\]*(?:\\[^][^"\\]*)*"?|\s+|\[\s*\]|\{\s*\}|[[\]{},:]/g;

const DEEPEST = 64; // levels that are indented further: otherwise the size could grow with the square of the depth

export function indent(json: string): string {
	let depth = 0;
	const line = () => `\n${"  ".repeat(Math.min(Math.max(depth, 0), DEEPEST))}`;
	return json.replace(TOKEN, (token) => {
		if (/^\s/.test(token)) return "";
		if (/^[[{].*[\]}]$/s.test(token)) return token[0]! + token.at(-1)!;
		if (token === ":") return ": ";
		if (token === ",") return token + line();
		if (token === "[" || token === "{") return (depth++, token + line());
		if (token === "]" || token === "}") return (depth--, line() + token);
		return token;
	});
}
