/** The frame of every page: the menu, the state of the connection, the caller. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { zone } from "../model/clock.ts";
import { connection, connectionError, isPaused } from "../model/live.ts";
import { go, place } from "../model/router.ts";
import { BASE, MENU, type MenuEntry } from "../model/routes.ts";
import { caller, isPasted, logOut, may } from "../model/session.ts";
import { Action } from "./basics.tsx";
import { Dialog } from "./dialog.tsx";
import { shortcuts, useShortcuts } from "./keys.ts";
import { nextTheme, theme } from "./theme.ts";

const ENTRIES: MenuEntry[] = Object.values(MENU);

const isAllowed = ({ right }: MenuEntry) => !right || may(right);

function isCurrent(path: string, entry: MenuEntry): boolean {
	return entry.path ? `${path}/`.startsWith(`${BASE}${entry.path}/`) : path === BASE;
}

function Menu() {
	const { path } = place.value;
	const nav = useRef<HTMLElement>(null);
	// On a phone not all fit.
	useEffect(() => nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }), [path]);
	useShortcuts(
		ENTRIES.map((entry) => ({
			key: `g ${entry.key}`,
			about: `Go to ${entry.name}`,
			run: () => isAllowed(entry) && go(BASE + (entry.path || "/")),
		})),
	);
	return (
		<nav aria-label="Pages" ref={nav}>
			{ENTRIES.filter(isAllowed).map((entry) => (
				<a
					key={entry.name}
					href={BASE + (entry.path || "/")}
					aria-current={isCurrent(path, entry) ? "page" : undefined}
				>
					{entry.name}
				</a>
			))}
		</nav>
	);
}

const CONNECTION_LABELS = {
	live: "Live",
	connecting: "Connecting",
	offline: "Offline",
	hidden: "Paused",
	off: "Not live",
};

/** Rows that move are hard to read and to hit, so a person can hold them. */
function ConnectionState() {
	const toggle = () => (isPaused.value = !isPaused.value);
	useShortcuts([{ key: "l", about: "Live: pause, go on", run: toggle }]);
	return (
		<>
			<span
				class={`link ${connection.value}`}
				role="status"
				title={connectionError.value || `Times are in ${zone}`}
			>
				<span class="dot" aria-hidden="true" />
				{CONNECTION_LABELS[connection.value]}
			</span>
			<button
				type="button"
				class="quiet"
				aria-label="Pause live updates"
				aria-pressed={isPaused.value}
				title="Pause live updates, or go on (l)"
				onClick={toggle}
			>
				{isPaused.value ? "▶" : "❚❚"}
			</button>
		</>
	);
}

function Keys({ close }: { close: () => void }) {
	return (
		<Dialog title="Keyboard" close={close}>
			<dl class="keys">
				{shortcuts.value.toReversed().map(({ key, about }) => (
					<div key={key + about}>
						<dt>
							{(key === " " ? ["Space"] : key.split(" ")).map((one) => (
								<kbd key={one}>{one}</kbd>
							))}
						</dt>
						<dd>{about}</dd>
					</div>
				))}
			</dl>
		</Dialog>
	);
}

function LogOut({ close }: { close: () => void }) {
	return (
		<Dialog title="Log out" close={close}>
			<p>This token was pasted, so others may use it as well. Forget it in this tab only, or revoke it?</p>
			<footer>
				<Action run={() => logOut(true)} kind="danger">
					Revoke the token
				</Action>
				<Action run={() => logOut()} kind="primary">
					Forget it here
				</Action>
			</footer>
		</Dialog>
	);
}

function Caller() {
	const [isLeaving, setLeaving] = useState(false);
	const { tenant, rights } = caller.value!;
	return (
		<div class="caller">
			<span title={`Rights: ${rights.join(", ")}`}>
				{tenant}
				{!may("write") && <small> read only</small>}
			</span>
			<button
				type="button"
				class="quiet"
				onClick={nextTheme}
				title="Colours"
				aria-label={`Colours: ${theme.value}`}
			>
				{theme.value === "dark" ? "☾" : theme.value === "light" ? "☀" : "◐"}
			</button>
			<Action run={() => (isPasted.value ? setLeaving(true) : logOut())}>Log out</Action>
			{isLeaving && <LogOut close={() => setLeaving(false)} />}
		</div>
	);
}

export function Shell({ children }: { children: ComponentChildren }) {
	const [showsKeys, setShowsKeys] = useState(false);
	useShortcuts([{ key: "?", about: "Show the keys", run: () => setShowsKeys(true) }]);
	return (
		<div class="shell">
			<a class="skip" href="#page">
				Skip to the page
			</a>
			<header class="top">
				<a class="name" href={`${BASE}/`}>
					Polytask
				</a>
				<Menu />
				<ConnectionState />
				<Caller />
			</header>
			<main id="page" tabIndex={-1}>
				{children}
			</main>
			{showsKeys && <Keys close={() => setShowsKeys(false)} />}
		</div>
	);
}
