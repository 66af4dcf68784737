// Wide tables scroll sideways: by keyboard too.
addEventListener("load", () => document.querySelectorAll(".md-typeset__scrollwrap").forEach((table) => (table.tabIndex = 0)));
