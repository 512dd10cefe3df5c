/** A line chart over time, drawn by uPlot, whose code is loaded with the first chart. Add a table. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { theme } from "./theme.ts";

export interface ChartLine {
	name: string;
	/** A variable of the style sheet, such as "--failed". */
	color: string;
	isDashed?: boolean;
	values: (number | null)[];
}

export interface ChartProps {
	label: string;
	/** Seconds since the epoch. */
	times: number[];
	lines: ChartLine[];
}

const HEIGHT = 220;
const DAY = 86_400;

const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = signal(dark.matches);
dark.addEventListener("change", () => (isDark.value = dark.matches));

const time: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
const HOURS = new Intl.DateTimeFormat(undefined, time);
const DAYS = new Intl.DateTimeFormat(undefined, { weekday: "short", ...time });

function options(box: HTMLElement, { lines, times }: ChartProps): uPlot.Options {
	const color = (name: string) => {
		box.style.color = `var(${name})`;
		return getComputedStyle(box).color;
	};
	const isLong = times.at(-1)! - times[0]! > DAY * 2;
	const axis = {
		stroke: color("--muted"),
		grid: { stroke: color("--line"), width: 1 },
	};
	return {
		width: box.clientWidth,
		height: HEIGHT,
		cursor: { drag: { x: false } },
		scales: { y: { range: (_plot, _min, max) => [0, Math.max(max * 1.1, 1)] } },
		axes: [
			{
				...axis,
				size: 30,
				space: 90,
				values: (_plot, at) => at.map((one) => (isLong ? DAYS : HOURS).format(one * 1000)),
			},
			{ ...axis, size: 44 },
		],
		series: [
			{ label: "", value: (_plot, at) => (at == null ? "–" : DAYS.format(at * 1000)) },
			...lines.map((line) => ({
				label: line.name,
				stroke: color(line.color),
				width: 2,
				dash: line.isDashed ? [6, 4] : undefined,
				points: { show: false },
				value: (_plot: uPlot, value: number | null) =>
					value == null ? "–" : String(Math.round(value * 10) / 10),
			})),
		],
	};
}

export function Chart(props: ChartProps) {
	const box = useRef<HTMLDivElement>(null);
	const plot = useRef<uPlot | undefined>(undefined);
	const data = [props.times, ...props.lines.map(({ values }) => values)] as uPlot.AlignedData;
	const latest = useRef({ props, data });
	latest.current = { props, data };
	const styleKey = [
		theme.value,
		isDark.value,
		props.times.length,
		...props.lines.map(({ name }) => name),
	].join();
	useEffect(() => {
		const element = box.current!;
		let isRemoved = false;
		const observer = new ResizeObserver(() =>
			plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
		);
		void import("uplot").then(({ default: Plot }) => {
			if (isRemoved) return;
			plot.current = new Plot(options(element, latest.current.props), latest.current.data, element);
			observer.observe(element);
		});
		return () => {
			isRemoved = true;
			observer.disconnect();
			plot.current?.destroy();
			plot.current = undefined;
		};
	}, [styleKey]);
	useEffect(() => plot.current?.setData(data), [props.lines]);
	return <div class="chart" ref={box} role="img" aria-label={props.label} />;
}
