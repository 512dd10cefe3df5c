/** Dark or light colours: those of the system, or the choice of this browser. */
import { effect, signal } from "@preact/signals";

const STORE = "polytask.theme";
const THEMES = ["system", "light", "dark"];

export const theme = signal(localStorage.getItem(STORE) ?? "system");

export function nextTheme(): void {
	theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!;
}

export function startTheme(): void {
	effect(() => {
		localStorage.setItem(STORE, theme.value);
		document.documentElement.style.colorScheme = theme.value === "system" ? "light dark" : theme.value;
	});
}
