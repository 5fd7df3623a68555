// The playground: one message, one stream per column (jobs/views/playground_stream.py says what a line holds).
const form = document.getElementById("talk");
const text = form.elements.namedItem("text");
const send = form.querySelector("[data-send]");
const stop = form.querySelector("[data-stop]");
const errors = form.querySelector("[data-errors]");
let running = null; // the AbortController of the answers that are coming in
let since = 0; // when they were asked for
const SLOW = 3000; // milliseconds without a word: a real model is being loaded
const DOUBLE_CLICK = 500; // milliseconds: the second click on "Send" falls on "Stop", and means nothing

const bubble = (kind) => document.querySelector(`template[data-bubble="${kind}"]`).content.firstElementChild.cloneNode(true);

// Follow the text only for whoever is at its end: reading further up must not be torn away.
function add(chat, node) {
  chat.querySelector("[data-hint]")?.remove();
  chat.append(node);
  chat.scrollTop = chat.scrollHeight;
  return node;
}

function grow(chat, node, words) {
  const atEnd = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 40;
  node.append(words);
  if (atEnd) chat.scrollTop = chat.scrollHeight;
}

async function* lines(response) {
  let rest = "";
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + part).split("\n");
    rest = parts.pop();
    for (const one of parts) if (one) yield JSON.parse(one);
  }
}

const pause = (milliseconds, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
});

function body(message, column) {
  const fields = new URLSearchParams({ message, column });
  fields.set("csrfmiddlewaretoken", form.elements.namedItem("csrfmiddlewaretoken").value);
  return fields;
}

// Returns the error that ended the answer, or null.
async function stream(chat, message, column, signal) {
  const node = add(chat, bubble("assistant"));
  const words = node.querySelector(".bubble-text");
  const meta = node.querySelector("[data-meta]");
  const place = node.querySelector("[data-place]");
  const note = (message) => {
    place.textContent = message;
    place.hidden = !message;
  };
  const loading = setTimeout(() => place.hidden && note(form.dataset.loading ?? ""), SLOW);
  try {
    const response = await fetch(form.dataset.say, { method: "POST", body: body(message, column), signal });
    if (!response.ok) return { message: form.dataset.broken, advice: "" };
    for await (const line of lines(response)) {
      if (line.queue !== undefined) {
        note(line.queue ? form.dataset.queue.replace("%s", line.queue) : "");
      }
      if (line.text) {
        clearTimeout(loading);
        note("");
        grow(chat, words, line.text);
      }
      if (line.error) return line.error;
      if (line.done) {
        meta.textContent = line.meta;
        return null;
      }
    }
    return { message: form.dataset.broken, advice: "" };
  } catch (error) {
    if (!signal.aborted) return { message: form.dataset.broken, advice: "" };
    meta.textContent = form.dataset.stopped;
    return null;
  } finally {
    node.classList.remove("streaming");
    clearTimeout(loading);
    note("");
    if (words.textContent) finish(chat, node, words);
    else if (!meta.textContent) node.remove();
  }
}

function finish(chat, node, words) {
  const atEnd = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 40;
  words.id = `said-${crypto.randomUUID?.() ?? Math.random()}`;
  node.querySelector(".copy").dataset.copyFrom = words.id;
  node.querySelector(".bubble-meta").hidden = false;
  if (atEnd) chat.scrollTop = chat.scrollHeight;
}

// A model that was trained just now may not be loaded yet: ask again, and say so.
async function answer(chat, message, column, signal) {
  let waiting = null;
  try {
    for (let left = Number(form.dataset.waits); ; left -= 1) {
      const error = await stream(chat, message, column, signal);
      if (!error) return;
      if (!error.warming_up || left <= 0) {
        fail(chat, message, column, error.warming_up ? { ...error, advice: form.dataset.cold } : error);
        return;
      }
      if (!waiting) {
        waiting = add(chat, bubble("wait"));
        waiting.querySelector(".bubble-text").textContent = form.dataset.warming;
      }
      await pause(Number(form.dataset.waitMs), signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    waiting?.remove();
  }
}

function fail(chat, message, column, error) {
  const node = add(chat, bubble("error"));
  const marks = [error.status, error.code].filter(Boolean).join(" ");
  node.querySelector(".bubble-text").textContent = marks ? `${error.message} (${marks})` : error.message;
  node.querySelector("[data-advice]").textContent = error.advice;
  node.querySelector("[data-again]").addEventListener("click", () => {
    node.remove();
    during((signal) => answer(chat, message, column, signal));
  });
}

// One set of answers at a time: the button that sends becomes the one that stops.
async function during(work) {
  if (running) return;
  running = new AbortController();
  since = performance.now();
  const { signal } = running;
  busy(true);
  try {
    await work(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    running = null;
    busy(false);
  }
}

function busy(is) {
  send.hidden = is;
  stop.hidden = !is;
  for (const select of form.querySelectorAll("select")) select.disabled = is;
}

function complain(told) {
  const list = Object.values(told).flat();
  errors.hidden = list.length === 0;
  errors.textContent = list.map((one) => one.message ?? one).join(" ");
}

async function ask(fields, signal) {
  const response = await fetch(form.action, { method: "POST", body: fields, headers: { Accept: "application/json" }, signal });
  const told = await response.json().catch(() => ({ errors: { page: [form.dataset.broken] } }));
  complain(told.errors ?? {});
  if (!told.message) return;
  text.value = "";
  await Promise.all(told.columns.map((column) => {
    const chat = form.querySelector(`[data-column="${column}"] [data-chat]`);
    add(chat, bubble("user")).querySelector(".bubble-text").textContent = fields.get("text").trim();
    return answer(chat, told.message, column, signal);
  }));
}

form.addEventListener("submit", (event) => {
  if (event.submitter?.hasAttribute("formaction")) return; // another page takes what was typed
  event.preventDefault();
  if (running) return;
  const fields = new FormData(form); // now: while answers come in, the selects are disabled and would be left out
  during((signal) => ask(fields, signal)).finally(() => text.focus());
});
stop.addEventListener("click", () => {
  if (performance.now() - since > DOUBLE_CLICK) running?.abort();
});
text.addEventListener("keydown", (event) => {
  // While a Korean syllable is being composed, Enter only finishes it.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!running) form.requestSubmit(send);
});
for (const chat of form.querySelectorAll("[data-chat]")) chat.scrollTop = chat.scrollHeight;
document.addEventListener("htmx:afterSwap", () => {
  for (const chat of form.querySelectorAll("[data-chat]")) chat.scrollTop = chat.scrollHeight;
});
