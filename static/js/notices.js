// The number of notices stands before the page's title too, so that a tab in the background shows it.
// A tab that is looked at again asks at once: browsers slow down the clocks of hidden ones.
const COUNTED = /^\(\d+\+?\) /;

function entitle() {
  const count = Number(document.getElementById("notices")?.dataset.count ?? 0);
  const title = document.title.replace(COUNTED, "");
  document.title = count ? `(${count > 99 ? "99+" : count}) ${title}` : title;
}

document.addEventListener("htmx:afterSettle", entitle);
document.addEventListener("visibilitychange", () => {
  const asker = document.getElementById("notices");
  if (asker && !document.hidden) htmx.trigger(asker, "look");
});
entitle();
