// Shows the page when its cells and its widgets are there. Voila's own script calls these names.
"use strict";
(function () {
  function show() {
    if (!window.themeLoaded) {
      window.cellLoaded = true; // Voila calls again once its parts are loaded
      return;
    }
    window.show_page();
  }
  window.show_page = function () {
    const loading = document.getElementById("loading");
    if (loading) loading.remove();
    document.getElementById("rendered_cells").hidden = false;
  };
  window.voila_heartbeat = window.voila_process = function () {};
  window.display_cells = window.voila_finish = show;
  document.addEventListener("DOMContentLoaded", show);

  // Data that is shown as HTML can hold an order to go elsewhere, which no policy forbids: it becomes an unknown word.
  function tame(text) {
    return text === null ? "" : String(text).replace(/<meta/gi, "<x-meta");
  }
  for (const name of ["innerHTML", "outerHTML"]) {
    const usual = Object.getOwnPropertyDescriptor(Element.prototype, name);
    Object.defineProperty(Element.prototype, name, {
      ...usual,
      set(text) {
        const open = opened(this);
        usual.set.call(this, tame(text));
        reopen(this, open);
      },
    });
  }

  // What a viewer has unfolded stays so when a control writes it anew: known by its place and by what stands on it.
  function named(fold, at) {
    const words = fold.querySelector("summary");
    return `${at} ${words ? words.textContent : ""}`;
  }
  function opened(part) {
    const folds = part.querySelector("details[open]") ? [...part.querySelectorAll("details")] : [];
    return folds.map((fold, at) => (fold.open ? named(fold, at) : ""));
  }
  function reopen(part, open) {
    if (!open.length) return;
    part.querySelectorAll("details").forEach(function (fold, at) {
      if (open[at] && open[at] === named(fold, at)) fold.open = true;
    });
  }
  const insert = Element.prototype.insertAdjacentHTML;
  Element.prototype.insertAdjacentHTML = function (where, text) {
    insert.call(this, where, tame(text));
  };
  const fragment = Range.prototype.createContextualFragment;
  Range.prototype.createContextualFragment = function (text) {
    return fragment.call(this, tame(text));
  };

  // A page whose kernel is gone looks alive and answers nothing: say so, and why where the server has said it.
  function lost(why) {
    if (document.getElementById("lost")) return;
    const told = document.createElement("p");
    told.id = "lost";
    told.setAttribute("role", "alert");
    told.textContent = (why || "The connection is lost, so this page no longer changes.") + " ";
    const again = document.createElement("a");
    again.href = window.location.href;
    again.textContent = "Load it again";
    told.append(again);
    document.body.prepend(told);
  }
  function found() {
    const told = document.getElementById("lost");
    if (told) told.remove();
  }

  // JupyterLab's parts ask for a binary framing first; the server speaks the plain one, and browsers take that amiss.
  let open = 0;
  window.WebSocket = class extends WebSocket {
    constructor(address) {
      super(address);
      let counted = 0;
      this.addEventListener("open", function () {
        open += counted = 1;
        found();
      });
      this.addEventListener("close", function (event) {
        open -= counted;
        counted = 0;
        window.setTimeout(
          function () {
            if (open < 1) lost(event.reason);
          },
          event.reason ? 0 : 4000
        );
      });
    }
  };

  // What an app says in words is announced when it changes.
  new MutationObserver(function () {
    for (const words of document.querySelectorAll(".londata-words > .widget-html-content:not([role])")) {
      words.setAttribute("role", "status");
    }
    // Voila takes the cells into a part of its own behind the last line, which then would be the first.
    const made = document.getElementById("worked-out");
    const shell = document.getElementById("main");
    if (made && shell && made.compareDocumentPosition(shell) & Node.DOCUMENT_POSITION_FOLLOWING) shell.after(made);
  }).observe(document, { childList: true, subtree: true });
})();
