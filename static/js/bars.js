// A histogram. <figure class="bars" data-bars="id of a JSON script" data-value="Examples: %s">
// JSON: {"labels": ["0–7", …], "values": [3, …]}. The table below it says the same without a script.
const plots = new WeakMap(); // figure -> plot
const HEIGHT = 180;

function colours(figure) {
  const probe = document.createElement("i"); // only a used colour is resolved
  figure.append(probe);
  const [bar, text, line] = ["--chart-train", "--muted", "--line"].map((name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return { bar, text, line };
}

function tooltip(figure, labels) {
  const tip = document.createElement("div");
  tip.className = "chart-tip";
  tip.hidden = true;
  const show = (plot) => {
    const { idx, left } = plot.cursor;
    tip.hidden = idx == null || left < 0;
    if (tip.hidden) return;
    const label = document.createElement("strong");
    label.textContent = labels[idx];
    const count = figure.dataset.value.replace("%s", plot.data[1][idx].toLocaleString());
    tip.replaceChildren(label, count);
    const x = plot.over.offsetLeft + left;
    const flip = x + tip.offsetWidth + 20 > figure.clientWidth;
    tip.style.transform = `translate(${Math.max(0, flip ? x - tip.offsetWidth - 12 : x + 12)}px, 0)`;
  };
  return { tip, show };
}

function options(figure, labels, show) {
  const colour = colours(figure);
  const axis = { stroke: colour.text, font: `12px ${getComputedStyle(figure).fontFamily}`, ticks: { show: false } };
  return {
    width: figure.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    padding: [10, 8, 0, 0],
    cursor: { y: false, x: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: false, range: [-0.6, labels.length - 0.4] }, y: { range: (_plot, _low, high) => [0, Math.max(high, 1)] } },
    axes: [
      {
        ...axis, size: 30, space: 60, grid: { show: false }, incrs: [1, 2, 3, 4, 5, 10],
        values: (_plot, splits) => splits.map((at) => labels[at] ?? ""),
      },
      { ...axis, size: 52, space: 36, grid: { stroke: colour.line, width: 1 }, incrs: [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6].map((p) => n * 10 ** p)).sort((a, b) => a - b) },
    ],
    series: [{}, { fill: colour.bar, stroke: colour.bar, width: 0, paths: uPlot.paths.bars({ size: [0.8, 64] }), points: { show: false } }],
    hooks: { setCursor: [show] },
  };
}

function draw(figure) {
  const { labels, values } = JSON.parse(document.getElementById(figure.dataset.bars).textContent);
  const holder = document.createElement("div");
  const { tip, show } = tooltip(figure, labels);
  plots.get(figure)?.destroy();
  figure.replaceChildren(holder, tip);
  plots.set(figure, new uPlot(options(figure, labels, show), [labels.map((_label, at) => at), values], holder));
}

const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const plot = plots.get(target);
    if (plot && target.clientWidth && target.clientWidth !== plot.width) plot.setSize({ width: target.clientWidth, height: HEIGHT });
  }
});

function fresh(figure) {
  if (figure.firstElementChild) return;
  draw(figure);
  resized.observe(figure);
}

const each = (act) => () => document.querySelectorAll("figure.bars").forEach((figure) => act(figure));
each(fresh)();
document.addEventListener("htmx:afterSettle", each(fresh)); // the page after its check
document.addEventListener("themechange", each(draw));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", each(draw));
