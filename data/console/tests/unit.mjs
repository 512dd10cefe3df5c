// Runs the tests of the modules without a browser: tests/unit/*.test.ts, translated by esbuild.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = join(dirname(fileURLToPath(import.meta.url)), "unit");
const out = await mkdtemp(join(tmpdir(), "polytask-console-"));
const tests = (await readdir(HERE)).filter((name) => name.endsWith(".test.ts")).sort();
try {
	await build({
		absWorkingDir: HERE,
		entryPoints: tests,
		outdir: out,
		outExtension: { ".js": ".mjs" },
		bundle: true,
		format: "esm",
		platform: "node",
		target: "es2022",
		jsx: "automatic",
		jsxImportSource: "preact",
		logLevel: "warning",
	});
	const programs = tests.map((name) => join(out, name.replace(/\.ts$/, ".mjs")));
	const run = spawnSync(process.execPath, ["--test", ...process.argv.slice(2), ...programs], {
		stdio: "inherit",
	});
	process.exitCode = run.status ?? 1;
} finally {
	await rm(out, { recursive: true, force: true });
}
