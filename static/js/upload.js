// <form data-upload>: drop a file on it, refuse one that is too large before a byte is sent, show the bytes go,
// cancel. The server answers `X-Requested-With: upload` with 200 {"url": …} or 4xx {"error": …}; an HTML answer
// is searched for its error list. Without JavaScript this is a plain file form.
const bytes = (count) => {
  const [unit, size] = count < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  const digits = { maximumFractionDigits: count / size < 10 ? 1 : 0 };
  return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, ...digits }).format(count / size);
};

function parts(form) {
  const find = (name) => form.querySelector(`[data-upload-${name}]`);
  return {
    input: form.querySelector("input[type=file]"), drop: form.querySelector(".drop"), progress: find("progress"),
    bar: find("progress").querySelector("progress"), text: find("text"), error: find("error"), chosen: find("name"),
    submit: form.querySelector("button:not([type=button])"),
  };
}

function fail(form, message) {
  const { error, progress, submit } = parts(form);
  progress.hidden = true;
  submit.disabled = false;
  error.textContent = message;
  error.hidden = false;
}

function choose(form) {
  const { input, error, chosen, submit } = parts(form);
  const file = input.files[0];
  error.hidden = true;
  submit.disabled = false;
  if (chosen) chosen.textContent = file ? `${file.name} · ${bytes(file.size)}` : chosen.dataset.uploadName;
  if (!file || file.size <= Number(form.dataset.maxBytes || Infinity)) return;
  input.value = "";
  if (chosen) chosen.textContent = chosen.dataset.uploadName;
  fail(form, form.dataset.tooLarge);
}

function reason(request) {
  try {
    return JSON.parse(request.responseText).error;
  } catch {
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    return page.querySelector(".errorlist")?.innerText.trim();
  }
}

function finish(form, request) {
  if (request.status !== 200) return fail(form, reason(request) || form.dataset.failed);
  location.assign(JSON.parse(request.responseText).url);
}

function send(form) {
  const { bar, text, progress, submit, error } = parts(form);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("X-Requested-With", "upload");
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.max = total;
    bar.value = loaded;
    text.textContent = `${bytes(loaded)} / ${bytes(total)}`;
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value"); // all sent: the server is still reading
    text.textContent = form.dataset.waiting;
  });
  request.addEventListener("load", () => finish(form, request));
  request.addEventListener("error", () => fail(form, form.dataset.failed));
  request.addEventListener("abort", () => fail(form, form.dataset.cancelled ?? form.dataset.failed));
  form.querySelector("[data-upload-cancel]").onclick = () => request.abort();
  error.hidden = true;
  progress.hidden = false;
  submit.disabled = true;
  text.textContent = form.dataset.sending;
  request.send(new FormData(form));
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-upload]") || !parts(event.target).input.files.length) return;
  event.preventDefault();
  send(event.target);
});
document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-upload]");
  if (form && event.target.type === "file") choose(form);
});
window.addEventListener("pageshow", () => document.querySelectorAll("[data-upload]").forEach((form) => choose(form)));

for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    const zone = event.target.closest?.("[data-upload] .drop");
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle("over", type === "dragenter" || type === "dragover");
    if (type !== "drop" || !event.dataTransfer.files.length) return;
    const form = zone.closest("form");
    parts(form).input.files = event.dataTransfer.files;
    choose(form);
  });
}
