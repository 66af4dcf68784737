// The answer to an objection. Without it the page shows, and decides nothing.
"use strict";

const main = document.querySelector("main");

for (const form of document.querySelectorAll("form[data-number]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = { decision: event.submitter.value, note: form.elements.note.value };
    const headers = { "Content-Type": "application/json", "X-Gelombang-Review": main.dataset.csrf };
    const address = `/objection/${form.dataset.number}?lang=${main.dataset.lang}`;
    try {
      const sent = await fetch(address, { method: "POST", headers, body: JSON.stringify(answer) });
      if (!sent.ok) throw new Error(sent.statusText);
      location.assign((await sent.json()).next);
    } catch {
      document.getElementById("status").textContent = main.dataset.failed;
    }
  });
}
