/**
 * Lays out JSON text. Nothing but the space between its tokens changes: each number stays as it was written. A text
 * that was cut off in a string takes no longer than others: the string goes on to the end.
 */

const TOKEN = /"[^"\\]*(?:\\[^][^"\\]*)*"?|\s+|\[\s*\]|\{\s*\}|[[\]{},:]/g;

const DEEPEST = 64; // levels with a space of their own: else the text could grow with its square

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
