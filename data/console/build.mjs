// Builds the console: dist/index.html and dist/assets/, whose names have a hash of the content, each with a
// compressed copy for nginx's gzip_static. The same sources give the same bytes. The build fails if a page needs more
// bytes than the limit below.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const LIMIT = 60_000; // bytes of the compressed files that one page needs
const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, "dist");
const NEW = join(HERE, "dist.new");

/** Bundles the sources, with names and contents that do not depend on the machine. */
async function bundle() {
	return build({
		absWorkingDir: HERE,
		entryPoints: { console: "src/main.tsx", style: "src/style/console.css" },
		outdir: "dist.new/assets",
		entryNames: "[name]-[hash]",
		chunkNames: "[name]-[hash]",
		assetNames: "[name]-[hash]",
		bundle: true,
		splitting: true,
		format: "esm",
		target: "es2022",
		minify: true,
		jsx: "automatic",
		jsxImportSource: "preact",
		legalComments: "none",
		metafile: true,
		logLevel: "warning",
	});
}

/** The name of the file that was built from an entry point. */
function output(metafile, source) {
	const found = Object.entries(metafile.outputs).find(([, about]) => about.entryPoint === source);
	return found[0].replace("dist.new/", "");
}

/** Copies the icon, and returns its name. */
async function copy_icon() {
	const icon = await readFile(join(HERE, "src/icon.svg"));
	const hash = createHash("sha256").update(icon).digest("hex").slice(0, 8);
	await writeFile(join(NEW, `assets/icon-${hash}.svg`), icon);
	return `assets/icon-${hash}.svg`;
}

async function write_index(metafile) {
	const template = await readFile(join(HERE, "index.html"), "utf8");
	const page = template
		.replace("@ICON@", await copy_icon())
		.replace("@SCRIPT@", output(metafile, "src/main.tsx"))
		.replace("@STYLE@", output(metafile, "src/style/console.css"));
	await writeFile(join(NEW, "index.html"), page);
}

async function files(folder) {
	const entries = await readdir(folder, { withFileTypes: true });
	return entries
		.filter((entry) => entry.isFile())
		.map((entry) => join(folder, entry.name))
		.sort();
}

/** Writes the compressed copies with gzip(1), because the output of zlib differs between builds of Node.js. */
async function compress() {
	const all = [...(await files(NEW)), ...(await files(join(NEW, "assets")))];
	execFileSync("gzip", ["--best", "--no-name", "--keep", ...all]);
}

/** The file `name` and all files that it imports; with `later` also by dynamic imports. */
function imported(metafile, name, later, found = new Set()) {
	if (found.has(name)) return found;
	found.add(name);
	for (const { path, kind } of metafile.outputs[name].imports)
		if (later || kind === "import-statement") imported(metafile, path, later, found);
	return found;
}

/** The pages, which main.tsx imports dynamically, with the compressed bytes that each needs, the largest first. */
async function page_sizes(metafile) {
	const main = `dist.new/${output(metafile, "src/main.tsx")}`;
	const always = ["dist.new/index.html", `dist.new/${output(metafile, "src/style/console.css")}`];
	const pages = metafile.outputs[main].imports.filter(({ kind }) => kind === "dynamic-import");
	const sizes = pages.map(async ({ path }) => {
		const needed = new Set([
			...always,
			...imported(metafile, main, false),
			...imported(metafile, path, true),
		]);
		const each = await Promise.all(
			[...needed].map(async (file) => (await stat(join(HERE, `${file}.gz`))).size),
		);
		return { name: metafile.outputs[path].entryPoint, size: each.reduce((sum, size) => sum + size, 0) };
	});
	return (await Promise.all(sizes)).sort((a, b) => b.size - a.size);
}

await rm(NEW, { recursive: true, force: true });
await mkdir(join(NEW, "assets"), { recursive: true });
const { metafile } = await bundle();
await write_index(metafile);
await compress();
const [largest] = await page_sizes(metafile);
console.log(`console: ${largest.name} needs ${largest.size} bytes, of ${LIMIT} at most`);
if (largest.size > LIMIT) {
	console.error("console: this page is too large");
	process.exit(1);
}
await rm(OUT, { recursive: true, force: true });
await rename(NEW, OUT);
