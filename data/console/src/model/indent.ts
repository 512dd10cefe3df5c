/** Lays out JSON text. Nothing but the space between its tokens changes: each number stays as it was written. */

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|\s+|\[\s*\]|\{\s*\}|[[\]{},:]/g;

export function indent(json: string): string {
	let depth = 0;
	const line = () => `\n${"  ".repeat(Math.max(depth, 0))}`;
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
