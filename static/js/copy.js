// [data-copy="text"] or [data-copy-from="id of an element"]: copy it, and say so for two seconds with data-done.
const live = document.createElement("div");
live.className = "visually-hidden";
live.setAttribute("role", "status");
document.body.append(live);

function textOf(button) {
  const from = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
  return from ? from.innerText : button.dataset.copy;
}

// The clipboard API exists on https and localhost only; the old command works anywhere.
async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button || button.classList.contains("done")) return;
  await write(textOf(button));
  const before = [...button.childNodes];
  button.classList.add("done");
  button.replaceChildren(button.dataset.done);
  live.textContent = button.dataset.done;
  setTimeout(() => {
    button.classList.remove("done");
    button.replaceChildren(...before);
    live.textContent = "";
  }, 2000);
});
