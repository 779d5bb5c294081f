// Shows the page when its cells and its widgets are there. Voila's own script calls these names.
"use strict";
(function () {
  function show() {
    if (!window.themeLoaded) {
      window.cellLoaded = true; // Voila calls again once its parts are loaded
      return;
    }
    const loading = document.getElementById("loading");
    if (loading) loading.remove();
    document.getElementById("rendered_cells").hidden = false;
  }
  window.voila_heartbeat = window.voila_process = function () {};
  window.display_cells = window.voila_finish = show;
  document.addEventListener("DOMContentLoaded", show);

  // JupyterLab's parts ask for a binary framing first; the server speaks the plain one, and browsers take that amiss.
  window.WebSocket = class extends WebSocket {
    constructor(address) {
      super(address);
    }
  };

  // What an app says in words is announced when it changes.
  new MutationObserver(function () {
    for (const words of document.querySelectorAll(".londata-words > .widget-html-content:not([role])")) {
      words.setAttribute("role", "status");
    }
  }).observe(document, { childList: true, subtree: true });
})();
