// The loss chart. <figure class="chart" data-chart="id of a JSON script" | data-src="address of the JSON">
// JSON: {"steps": [..], "train": [..], "valid": [..], "full": [..], "total": 300}; null where a series has no value.
// After an htmx swap, or when `document` hears "chartdata", the numbers are read again and the plot moves in place.
const plots = new WeakMap(); // figure -> {plot, text}
const NAMES = ["train", "valid", "full"];

function colours(figure) {
  // Custom properties hold light-dark(); only a used colour is resolved.
  const probe = document.createElement("i");
  figure.append(probe);
  const resolve = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const found = {
    train: resolve("--chart-train"), valid: resolve("--chart-valid"), full: resolve("--chart-full"),
    text: resolve("--muted"), line: resolve("--line"), card: resolve("--card"),
  };
  probe.remove();
  return found;
}

async function read(figure) {
  if (!figure.dataset.src) return document.getElementById(figure.dataset.chart).textContent;
  const answer = await fetch(figure.dataset.src, { headers: { Accept: "application/json" } });
  return answer.ok ? answer.text() : null;
}

function columns(data) {
  return [data.steps, ...NAMES.map((name) => data[name] ?? data.steps.map(() => null))];
}

function tooltip(figure) {
  const tip = document.createElement("div");
  tip.className = "chart-tip";
  tip.hidden = true;
  const line = (text, className) => {
    const row = document.createElement(className ? "div" : "strong");
    row.className = className ?? "";
    row.textContent = text;
    return row;
  };
  const show = (plot) => {
    const { idx, left, top } = plot.cursor;
    tip.hidden = idx == null || left < 0;
    if (tip.hidden) return;
    const rows = NAMES.flatMap((name, i) => {
      const value = plot.data[i + 1].slice(0, idx + 1).findLast((one) => one != null); // as last measured
      return value == null ? [] : [line(`${figure.dataset[name] ?? name} ${value.toPrecision(4)}`, name)];
    });
    tip.replaceChildren(line((figure.dataset.step ?? "%s").replace("%s", plot.data[0][idx].toLocaleString())), ...rows);
    const origin = plot.over.offsetLeft;
    const x = origin + left;
    const flip = x + tip.offsetWidth + 28 > figure.clientWidth;
    tip.style.transform = `translate(${Math.max(0, flip ? x - tip.offsetWidth - 14 : x + 14)}px, ${Math.max(0, top - 12)}px)`;
  };
  return { tip, show };
}

function options(figure, total, show) {
  const colour = colours(figure);
  const font = `12px ${getComputedStyle(figure).fontFamily}`;
  const axis = { stroke: colour.text, font, ticks: { show: false }, grid: { stroke: colour.line, width: 1 } };
  return {
    width: figure.clientWidth,
    height: 260,
    legend: { show: false },
    padding: [10, 18, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: { time: false, range: (_plot, low, high) => [Math.min(low, 0), Math.max(total() ?? 0, high, 1)] } },
    axes: [{ ...axis, grid: { show: false }, size: 30, space: 70 }, { ...axis, size: 44, space: 44 }],
    series: [
      {},
      { stroke: colour.train, width: 2, points: { show: false }, spanGaps: true },
      { stroke: colour.valid, width: 2, dash: [6, 4], points: { show: false }, spanGaps: true },
      { stroke: colour.full, paths: () => null, points: { show: true, size: 9, width: 2, fill: colour.card } },
    ],
    hooks: { setCursor: [show] },
  };
}

function make(figure, text) {
  const holder = document.createElement("div");
  holder.className = "chart-plot";
  const { tip, show } = tooltip(figure);
  figure.replaceChildren(holder, tip);
  const state = { text, total: JSON.parse(text).total };
  state.plot = new uPlot(options(figure, () => state.total, show), columns(JSON.parse(text)), holder);
  plots.set(figure, state);
  new ResizeObserver(() => {
    const { plot } = plots.get(figure);
    if (figure.clientWidth && figure.clientWidth !== plot.width) plot.setSize({ width: figure.clientWidth, height: 260 });
  }).observe(figure);
}

async function refresh(figure) {
  const text = await read(figure);
  if (text === null || text === plots.get(figure)?.text) return;
  const state = plots.get(figure);
  if (!state) return make(figure, text);
  const data = JSON.parse(text);
  Object.assign(state, { text, total: data.total });
  state.plot.setData(columns(data));
}

function repaint(figure) {
  const state = plots.get(figure);
  if (!state) return;
  state.plot.destroy();
  make(figure, state.text);
}

const each = (act) => () => document.querySelectorAll("figure.chart").forEach((figure) => act(figure));
each(refresh)();
document.addEventListener("htmx:afterSettle", each(refresh));
document.addEventListener("chartdata", each(refresh));
document.addEventListener("themechange", each(repaint));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", each(repaint));
