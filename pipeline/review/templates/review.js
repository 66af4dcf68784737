// Keys, dialogs and the answer. Without it the page shows, and decides nothing.
"use strict";

const page = document.getElementById("case");
const zoom = document.getElementById("zoom");
const shortcuts = document.getElementById("shortcuts");
shortcuts.checked = localStorage.getItem("shortcuts") !== "off";
shortcuts.addEventListener("change", () => localStorage.setItem("shortcuts", shortcuts.checked ? "on" : "off"));

function follow(selector) {
  document.querySelector(selector)?.click();
}

function open(name) {
  const dialog = document.getElementById(name);
  if (!dialog) return;
  dialog.showModal();
  dialog.querySelector("input[type=radio]").focus();
}

const keys = {
  a: () => open("accept"),
  r: () => open("reject"),
  z: () => zoom?.click(),
  n: () => follow("#open"),
  ArrowLeft: () => follow("a[rel=prev]"),
  ArrowRight: () => follow("a[rel=next]"),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !shortcuts.checked) return;
  const typing = event.target.matches("textarea, input:not([type=radio]):not([type=checkbox])");
  const dialog = document.querySelector("dialog[open]");
  if (typing) return;
  if (dialog) {
    const choice = dialog.querySelectorAll("input[type=radio]")[Number(event.key) - 1];
    if (choice) {
      choice.checked = true;
      choice.focus();
      event.preventDefault();
    }
    return;
  }
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

zoom?.addEventListener("click", () => {
  const large = document.getElementById("pair").classList.toggle("large");
  zoom.setAttribute("aria-pressed", String(large));
});

for (const button of document.querySelectorAll("[data-open]")) {
  button.addEventListener("click", () => open(button.dataset.open));
}

for (const form of document.querySelectorAll("form[data-decision]")) {
  const problem = form.querySelector(".problem");
  form.querySelector("[data-close]").addEventListener("click", () => form.closest("dialog").close());
  // A note is one line: Enter saves there as it does on a radio button.
  form.elements.own.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const save = form.querySelector("[type=submit]");
    if (save.disabled) return;
    const note = [form.elements.ready.value, form.elements.own.value.trim()].filter(Boolean).join(" ");
    problem.textContent = "";
    if (!note) {
      problem.textContent = problem.dataset.needed;
      return;
    }
    save.disabled = true;
    const answer = { decision: form.dataset.decision, note };
    for (const which of ["selfie", "reference"]) answer[which] = page.dataset[which] || null;
    answer.others = page.dataset.others.split(" ").filter(Boolean).map((sha) => (sha === "-" ? null : sha));
    try {
      const response = await fetch(page.dataset.post, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Gelombang-Review": page.dataset.csrf },
        body: JSON.stringify(answer),
      });
      const told = await response.json().catch(() => ({}));
      if (response.ok) {
        location.assign(told.next);
        return;
      }
      problem.textContent = told.problem === "changed" ? problem.dataset.changed : problem.dataset.failed;
    } catch {
      problem.textContent = problem.dataset.failed;
    }
    save.disabled = false;
  });
}
